@testable import OstlerTrust

/// Archives as no honest program writes them.
struct TarBuilder {
    private var bytes: [UInt8] = []

    init() {}

    /// Adds a member; a link's `target` goes where tar puts it.
    mutating func add(
        _ name: String,
        _ contents: String = "",
        kind: Unicode.Scalar = "0",
        mode: Int = 0o644,
        size: Int? = nil,
        target: String = ""
    ) {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, _ offset: Int) {
            for (index, byte) in text.utf8.prefix(100).enumerated() { header[offset + index] = byte }
        }
        put(name, 0)
        put(Self.octal(mode, 7), 100)
        put(Self.octal(size ?? contents.utf8.count, 11), 124)
        put("        ", 148)
        header[156] = UInt8(ascii: kind)
        put(target, 157)
        put("ustar\u{0}00", 257)
        put(Self.octal(header.reduce(0) { $0 + Int($1) }, 6) + "\u{0} ", 148)
        bytes += header + Array(contents.utf8)
        bytes += [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
    }

    /// Adds what makes a plugin of it.
    mutating func addPlugin() {
        add(
            "plugin.yaml",
            "name: tool\nversion: 1.0.0\nprotocol: {min: 0, max: 0}\nkind: process\nentry: {command: [bin/tool]}\n"
                + "executors: [{name: tool, payload: {type: object}}]\n"
        )
        add("bin/tool", "#!/bin/sh\n", mode: 0o755)
    }

    private static func octal(_ value: Int, _ digits: Int) -> String {
        let text = String(value, radix: 8)
        return String(repeating: "0", count: digits - text.count) + text
    }

    /// The archive, packed.
    func packed() throws -> [UInt8] {
        try GzipWriter.pack(bytes + [UInt8](repeating: 0, count: 1024))
    }

    /// The archive with a file of zeros that is `megabytes` long.
    func packedWithZeros(megabytes: Int) throws -> [UInt8] {
        var builder = self
        builder.add("zeros", size: megabytes << 20)
        return try GzipWriter.pack(builder.bytes + [UInt8](repeating: 0, count: megabytes << 20))
    }
}
