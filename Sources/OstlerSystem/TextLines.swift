extension StringProtocol {
    /// The lines that are not empty, without their ends. By scalars: to Swift `\r\n` is one `Character`, which is no `\n`.
    package var textLines: [SubSequence] {
        unicodeScalars.split(separator: "\n").compactMap { line in
            let kept = line.last == "\r" ? line.dropLast() : line
            return kept.isEmpty ? nil : self[kept.startIndex..<kept.endIndex]
        }
    }
}
