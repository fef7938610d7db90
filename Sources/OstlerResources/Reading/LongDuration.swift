internal import OstlerConfig
internal import OstlerJSON

/// Durations of manifests: those of all else, and also weeks, months of 30 days and years of 365.
enum LongDuration {
    /// The accepted forms, for messages.
    static let forms = "250ms, 30s, 5m, 1h30m, 1d, 2w, 6M or 1y"

    private static let day: Int64 = 86_400_000
    private static let units: [(name: Character, days: Int64)] = [("y", 365), ("M", 30), ("w", 7)]

    /// Milliseconds.
    static func milliseconds(_ text: String) throws(UnitTextError) -> Int64 {
        let most = DurationText.maximumMilliseconds / day
        var rest = text[...]
        var days: Int64 = 0
        for unit in units {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard !digits.isEmpty, rest.dropFirst(digits.count).first == unit.name else { continue }
            // None is what 64 bits do not hold.
            guard let count = Int64(digits), count <= most else { throw DurationText.tooLong(text) }
            days += count * unit.days
            rest = rest.dropFirst(digits.count + 1)
        }
        guard days > 0 else { return try DurationText.milliseconds(text) }
        let part = rest.isEmpty ? 0 : try DurationText.milliseconds(String(rest))
        guard days <= most, days * day <= DurationText.maximumMilliseconds - part else {
            throw DurationText.tooLong(text)
        }
        return days * day + part
    }
}

extension ValueReader {
    /// A duration as manifests have them, in milliseconds.
    func longDuration() -> Int64? {
        guard let text = value.string else {
            expected("a duration such as \(LongDuration.forms)", hint: value.int.map { "write \($0)s or \($0)ms" })
            return nil
        }
        do throws(UnitTextError) {
            return try LongDuration.milliseconds(text)
        } catch {
            let isTooLong = error.code == .tooLarge
            let rule = "\(Quotation.text(text)) is not a duration; write it as \(LongDuration.forms)"
            report(.invalidValue, "\(name): \(isTooLong ? error.description : rule)")
            return nil
        }
    }

    /// A duration that limits something.
    func timeLimit() -> Int64? {
        guard let milliseconds = longDuration() else { return nil }
        guard milliseconds > 0 else {
            report(.invalidValue, "\(name) must be longer than 0", hint: "write null for no limit")
            return nil
        }
        return milliseconds
    }
}
