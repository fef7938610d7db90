internal import OstlerJSON

/// Durations of manifests: those of all else, and also weeks, months of 30 days and years of 365.
enum LongDuration {
    private static let units: [(name: Character, days: Int64)] = [("y", 365), ("M", 30), ("w", 7)]

    /// Milliseconds.
    static func milliseconds(_ text: String) throws(UnitTextError) -> Int64 {
        var rest = text[...]
        var days: Int64 = 0
        for unit in units {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard !digits.isEmpty, rest.dropFirst(digits.count).first == unit.name else { continue }
            guard let count = Int64(digits), count < 300 * 365 else { break }
            days += count * unit.days
            rest = rest.dropFirst(digits.count + 1)
        }
        let longest = DurationText.maximumMilliseconds
        guard days > 0, days < longest / 86_400_000 else { return try DurationText.milliseconds(text) }
        return min(longest, days * 86_400_000 + (rest.isEmpty ? 0 : try DurationText.milliseconds(String(rest))))
    }
}
