internal import Glibc
internal import OstlerJSON
internal import OstlerSystem

/// A plugin in one file, `NAME-VERSION.tar.gz`: tar in gzip, the same bytes for the same files wherever it is packed.
package enum PluginArchive {
    /// What a packed plugin may take.
    private static let maximumBytes = 256 << 20

    /// Unpacks a file into a folder beside the store.
    package static func unpack(_ path: String, into staging: PluginStaging) throws(TrustError) {
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw TrustError(.unreadable, "\(Quotation.bare(path)): \(Errno.message(errno))")
        }
        let file = OwnedFD(taking: descriptor)
        guard let facts = FileStatus(of: file.number), facts.isRegular else {
            throw TrustError(.unreadable, "\(Quotation.bare(path)) is neither a folder nor a regular file")
        }
        guard facts.size <= Int64(maximumBytes) else {
            throw TrustError(.tooLarge, "\(Quotation.bare(path)) is larger than \(maximumBytes) bytes")
        }
        var archive = try ArchiveReader(into: staging)
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(file.number, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw TrustError(.unreadable, "\(Quotation.bare(path)): \(Errno.message(errno))") }
            if count == 0 { break }
            try archive.feed(Array(buffer[..<count]))
        }
        try archive.finish()
    }

    /// Packs a folder.
    package static func pack(_ tree: borrowing PluginTree) throws(TrustError) -> [UInt8] {
        var tar: [UInt8] = []
        for part in try tree.parts() where !part.path.isEmpty {
            try append(header(part), to: &tar, of: part)
            guard !part.isDirectory else { continue }
            try tree.read(part) { (bytes) throws(TrustError) in tar.append(contentsOf: bytes) }
            fill(&tar)
        }
        tar += [UInt8](repeating: 0, count: 1024)
        return try GzipWriter.pack(tar)
    }

    private static func fill(_ tar: inout [UInt8]) {
        tar += [UInt8](repeating: 0, count: (512 - tar.count % 512) % 512)
    }

    private static func append(_ header: [UInt8], to tar: inout [UInt8], of part: PluginTree.Part) throws(TrustError) {
        if part.path.utf8.count > 99 {
            // GNU tar's way for long names, which every tar of today reads.
            tar += self.header(name: "././@LongLink", kind: "L", mode: 0o644, size: part.path.utf8.count + 1)
            tar += Array(part.path.utf8) + [0]
            fill(&tar)
        }
        tar += header
    }

    private static func header(_ part: PluginTree.Part) -> [UInt8] {
        header(
            name: part.path,
            kind: part.isDirectory ? "5" : "0",
            mode: part.isDirectory || part.isExecutable ? 0o755 : 0o644,
            size: Int(part.size)
        )
    }

    /// No time, no owner: what is packed twice is the same.
    private static func header(name: String, kind: Unicode.Scalar, mode: Int, size: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int) {
            for (index, byte) in text.utf8.enumerated() { bytes[offset + index] = byte }
        }
        func octal(_ value: Int, digits: Int) -> String {
            let text = String(value, radix: 8)
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        for (index, byte) in name.utf8.prefix(99).enumerated() { bytes[index] = byte }
        put(octal(mode, digits: 7), at: 100)
        put(octal(0, digits: 7), at: 108)
        put(octal(0, digits: 7), at: 116)
        put(octal(size, digits: 11), at: 124)
        put(octal(0, digits: 11), at: 136)
        put("        ", at: 148)
        bytes[156] = UInt8(ascii: kind)
        // The magic of GNU tar: with ustar's, some would take what is behind for a part of the name.
        put("ustar  ", at: 257)
        put(octal(bytes.reduce(0) { $0 + Int($1) }, digits: 6) + "\0 ", at: 148)
        return bytes
    }
}
