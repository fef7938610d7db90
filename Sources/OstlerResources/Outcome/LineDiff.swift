/// What is different between two texts, line by line, as people read it.
package enum LineDiff {
    /// More lines than these are not compared one with another.
    private static let mostLines = 2000
    private static let context = 3

    /// A line with its end, if it has one: bytes, since what looks the same may be written in two ways.
    private typealias Text = ArraySlice<UInt8>

    private enum Line {
        case same(Text)
        case removed(Text)
        case added(Text)

        var text: String {
            switch self {
            case .same(let line): " " + Self.shown(line)
            case .removed(let line): "-" + Self.shown(line)
            case .added(let line): "+" + Self.shown(line)
            }
        }

        private static func shown(_ line: Text) -> String {
            String(decoding: line, as: UTF8.self) + (line.last == newline ? "" : "\n\\ No newline at end of file\n")
        }

        var isSame: Bool {
            if case .same = self { true } else { false }
        }
    }

    private static let newline = UInt8(ascii: "\n")

    /// In the unified form; what is no text is only named.
    package static func text(_ old: [UInt8], _ new: [UInt8], path: String) -> String {
        guard let before = text(old), let after = text(new) else { return "(\(path) is not text)\n" }
        let lines = compare(before, after)
        var shown = "--- \(path)\n+++ \(path)\n"
        var (oldLine, newLine) = (1, 1)
        for hunk in hunks(lines) {
            let skipped = lines[..<hunk.lowerBound]
            oldLine = 1 + skipped.count { if case .added = $0 { false } else { true } }
            newLine = 1 + skipped.count { if case .removed = $0 { false } else { true } }
            let part = lines[hunk]
            let oldCount = part.count { if case .added = $0 { false } else { true } }
            let newCount = part.count { if case .removed = $0 { false } else { true } }
            shown += "@@ -\(oldCount == 0 ? oldLine - 1 : oldLine),\(oldCount)"
            shown += " +\(newCount == 0 ? newLine - 1 : newLine),\(newCount) @@\n"
            for line in part { shown += line.text }
        }
        return shown
    }

    private static func text(_ bytes: [UInt8]) -> [Text]? {
        guard !bytes.contains(0), String(validating: bytes, as: UTF8.self) != nil else { return nil }
        var lines: [Text] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let end = rest.firstIndex(of: newline).map { $0 + 1 } ?? rest.endIndex
            lines.append(rest[..<end])
            rest = rest[end...]
        }
        return lines
    }

    private static func compare(_ old: [Text], _ new: [Text]) -> [Line] {
        var start = 0
        while start < old.count, start < new.count, old[start] == new[start] { start += 1 }
        var end = 0
        while end < old.count - start, end < new.count - start, old[old.count - 1 - end] == new[new.count - 1 - end] {
            end += 1
        }
        let middle = differ(Array(old[start..<(old.count - end)]), Array(new[start..<(new.count - end)]))
        return old[..<start].map(Line.same) + middle + old[(old.count - end)...].map(Line.same)
    }

    /// By the longest common subsequence.
    private static func differ(_ old: [Text], _ new: [Text]) -> [Line] {
        guard old.count <= mostLines, new.count <= mostLines, !old.isEmpty, !new.isEmpty else {
            return old.map(Line.removed) + new.map(Line.added)
        }
        let width = new.count + 1
        var lengths = [UInt16](repeating: 0, count: (old.count + 1) * width)
        for row in old.indices.reversed() {
            for column in new.indices.reversed() {
                lengths[row * width + column] =
                    old[row] == new[column]
                    ? lengths[(row + 1) * width + column + 1] + 1
                    : max(lengths[(row + 1) * width + column], lengths[row * width + column + 1])
            }
        }
        var lines: [Line] = []
        var (row, column) = (0, 0)
        while row < old.count || column < new.count {
            if row < old.count, column < new.count, old[row] == new[column] {
                lines.append(.same(old[row]))
                (row, column) = (row + 1, column + 1)
            } else if row < old.count,
                column == new.count || lengths[(row + 1) * width + column] >= lengths[row * width + column + 1]
            {
                lines.append(.removed(old[row]))
                row += 1
            } else {
                lines.append(.added(new[column]))
                column += 1
            }
        }
        return lines
    }

    /// The stretches around what differs.
    private static func hunks(_ lines: [Line]) -> [Range<Int>] {
        var found: [Range<Int>] = []
        for index in lines.indices where !lines[index].isSame {
            let range = max(0, index - context)..<min(lines.count, index + context + 1)
            if let last = found.last, last.upperBound >= range.lowerBound {
                found[found.count - 1] = last.lowerBound..<range.upperBound
            } else {
                found.append(range)
            }
        }
        return found
    }
}
