internal import Glibc
internal import OstlerSystem
internal import Synchronization

/// What the kernel makes of a file that is to be started.
enum ProgramContent: Sendable, Equatable {
    case elf(ELFFile)
    /// The words of its first line.
    case script([String])
    case unknown

    /// Reading is saved for what has not changed: a host makes many closures out of the same files.
    private static let known = Mutex<[FileStamp: ProgramContent]>([:])
    private static let knownMax = 4096

    /// nil if it cannot be read.
    static func read(_ path: String) -> ProgramContent? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { close(file) }
        guard let stamp = FileStatus(of: file)?.stamp else { return nil }
        if let content = known.withLock({ $0[stamp] }) { return content }
        let content = judge(file)
        known.withLock {
            if $0.count >= knownMax { $0.removeAll() }
            $0[stamp] = content
        }
        return content
    }

    private static func judge(_ file: Int32) -> ProgramContent {
        var head = [UInt8](repeating: 0, count: 256)
        let count = pread(file, &head, head.count, 0)
        if count > 2, head[0] == UInt8(ascii: "#"), head[1] == UInt8(ascii: "!") {
            return script(head[2..<count])
        }
        guard let elf = try? ELFFile(reading: file) else { return .unknown }
        return .elf(elf)
    }

    /// As the kernel reads it: the line ends at 256 bytes.
    private static func script(_ bytes: ArraySlice<UInt8>) -> ProgramContent {
        let line = bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != 0 }
        let words = line.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        return words.isEmpty ? .unknown : .script(words.map { String(decoding: $0, as: UTF8.self) })
    }
}
