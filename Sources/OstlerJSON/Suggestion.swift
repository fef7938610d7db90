/// Finds what a person probably meant to write.
public enum Suggestion {
    /// The candidate nearest to `word` by edit distance (with swaps), or nil if none is near enough to be a typing slip.
    public static func nearest(to word: String, in candidates: some Sequence<String>) -> String? {
        guard word.utf8.count <= longestWord else { return nil }
        let wanted = Array(normalised(word))
        let limit = max(1, wanted.count / 3)
        var best: (distance: Int, word: String)?
        for candidate in candidates where candidate != word {
            let distance = distance(wanted, Array(normalised(candidate)))
            if distance <= limit, distance < best?.distance ?? .max { best = (distance, candidate) }
        }
        return best?.word
    }

    /// What is longer is no typing slip, and not worth the time that a comparison takes.
    private static let longestWord = 128

    /// `; did you mean "x"?`, or nothing.
    public static func clause(for word: String, in candidates: some Sequence<String>) -> String {
        nearest(to: word, in: candidates).map { "; did you mean \(Quotation.text($0, longest: longestWord))?" } ?? ""
    }

    private static func normalised(_ word: String) -> String {
        String(word.lowercased().map { $0 == "-" || $0 == " " ? "_" : $0 })
    }

    /// Optimal string alignment: insertions, deletions, replacements and swaps of neighbours cost one each.
    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
        guard !left.isEmpty, !right.isEmpty else { return max(left.count, right.count) }
        var before: [Int] = []
        var previous = Array(0...right.count)
        for row in 1...left.count {
            var current = [row] + Array(repeating: 0, count: right.count)
            for column in 1...right.count {
                let cost = left[row - 1] == right[column - 1] ? 0 : 1
                var best = min(previous[column] + 1, current[column - 1] + 1, previous[column - 1] + cost)
                if row > 1, column > 1, left[row - 1] == right[column - 2], left[row - 2] == right[column - 1] {
                    best = min(best, before[column - 2] + 1)
                }
                current[column] = best
            }
            (before, previous) = (previous, current)
        }
        return previous[right.count]
    }
}
