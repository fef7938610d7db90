internal import Glibc

/// The words of the process's own command line, as bytes: they need not be UTF-8.
enum CommandWords {
    static let all: [[UInt8]] = (0..<Int(CommandLine.argc)).map { index in
        guard let word = CommandLine.unsafeArgv[index] else { return [] }
        return UnsafeBufferPointer(start: word, count: strlen(word)).map { UInt8(bitPattern: $0) }
    }

    private static let terminator = all.firstIndex { $0.elementsEqual("--".utf8) }

    static var hasTerminator: Bool { terminator != nil }

    /// The options and arguments of Ostler itself.
    static let own: [String] = all.prefix(terminator ?? all.count).dropFirst().map {
        String(decoding: $0, as: UTF8.self)
    }

    /// What stands behind the first `--`.
    static let behindTerminator: [[UInt8]] = terminator.map { Array(all[($0 + 1)...]) } ?? []
}
