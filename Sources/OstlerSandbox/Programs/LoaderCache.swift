internal import Glibc
internal import OstlerSystem

/// `/etc/ld.so.cache`: which libraries the loader finds without searching. A cache that cannot be read is an empty one, as
/// it is for the loader.
struct LoaderCache: Sendable {
    private var paths: [String: [String]] = [:]

    private static let magic = Array("glibc-ld.so.cache1.1".utf8)
    private static let headSize = 48
    private static let entrySize = 24

    #if arch(x86_64)
        private static let flags: UInt32 = 0x0303
    #elseif arch(arm64)
        private static let flags: UInt32 = 0x0A03
    #endif

    init(parsing bytes: [UInt8]) {
        guard bytes.count >= Self.headSize, bytes.starts(with: Self.magic) else { return }
        bytes.withUnsafeBytes { raw in
            func word(_ offset: Int) -> UInt32 {
                UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
            }
            func string(_ offset: UInt32) -> String? {
                guard Int(offset) < raw.count, let end = raw[Int(offset)...].firstIndex(of: 0) else { return nil }
                return String(decoding: raw[Int(offset)..<end], as: UTF8.self)
            }
            let count = min(Int(word(20)), (raw.count - Self.headSize) / Self.entrySize)
            for entry in 0..<count {
                let at = Self.headSize + entry * Self.entrySize
                guard word(at) == Self.flags, let name = string(word(at + 4)), let path = string(word(at + 8)) else {
                    continue
                }
                paths[name, default: []].append(path)
            }
        }
    }

    /// All that the loader may choose from: which it takes depends on the processor.
    func candidates(_ name: String) -> [String] { paths[name] ?? [] }

    /// This machine's.
    static func read(_ path: String = "/etc/ld.so.cache") -> LoaderCache {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return LoaderCache(parsing: []) }
        defer { close(file) }
        guard let size = FileStatus(of: file)?.size, size < 64 << 20 else { return LoaderCache(parsing: []) }
        var bytes = [UInt8](repeating: 0, count: Int(size))
        return LoaderCache(parsing: Array(bytes.prefix(max(0, Glibc.read(file, &bytes, bytes.count)))))
    }
}
