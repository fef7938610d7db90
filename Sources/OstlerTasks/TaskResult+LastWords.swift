extension TaskResult {
    /// How many lines are told, and how many bytes of each.
    private static let (mostLines, mostBytes) = (10, 400)

    /// What helps to find out why it failed: the end of its stderr, or of its executor's if that is at fault.
    package var lastWords: [String] {
        let words = executorStderr.map { Array($0.utf8)[...] } ?? errorOutput.bytes[...]
        let lines = words.split(separator: UInt8(ascii: "\n")).suffix(Self.mostLines)
        return lines.map { line in
            let kept = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            return String(decoding: kept.prefix(Self.mostBytes), as: UTF8.self)
        }
    }
}
