/// Moments as people write them, by RFC 3339: `2026-03-01T08:30:00Z`, `2026-03-01T09:30:00.250+01:00`; milliseconds since
/// 1970 inside.
public enum TimestampText {
    /// The accepted form, for messages.
    public static let form = "2026-03-01T08:30:00Z"

    /// Reads a moment; nil for a text that is none. What is finer than a millisecond is cut off.
    public static func milliseconds(_ text: String) -> Int64? {
        var cursor = Cursor(rest: text.utf8[...])
        guard let year = cursor.number(4), cursor.take("-"), let month = cursor.number(2), cursor.take("-"),
            let day = cursor.number(2), cursor.take("T") || cursor.take("t") || cursor.take(" "),
            let hour = cursor.number(2), cursor.take(":"), let minute = cursor.number(2), cursor.take(":"),
            let second = cursor.number(2),
            (1...12).contains(month), (1...length(of: month, in: year)).contains(day), hour < 24, minute < 60,
            second < 60, let fraction = cursor.fraction(), let offset = cursor.offset(), cursor.rest.isEmpty
        else { return nil }
        let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset * 60
        return seconds * 1000 + fraction
    }

    private static func length(of month: Int64, in year: Int64) -> Int64 {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][Int(month) - 1]
    }

    /// Days from 1970 to a date. Years are counted from March on, so that a leap day is the last of its year.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month > 2 ? year : year - 1
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
    }

    private struct Cursor {
        var rest: Substring.UTF8View

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard let first = rest.first, UInt32(first) == character.value else { return false }
            rest.removeFirst()
            return true
        }

        /// A number of so many digits.
        mutating func number(_ count: Int) -> Int64? {
            let digits = rest.prefix(count)
            guard digits.count == count, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
            rest.removeFirst(count)
            return digits.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
        }

        /// Milliseconds; 0 where there is no fraction, nil where it has no digits.
        mutating func fraction() -> Int64? {
            guard take(".") else { return 0 }
            let digits = rest.prefix { (0x30...0x39).contains($0) }
            guard !digits.isEmpty else { return nil }
            rest.removeFirst(digits.count)
            let padded = Array(digits.prefix(3)) + Array(repeating: 0x30, count: max(0, 3 - digits.count))
            return padded.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
        }

        /// Minutes east of Greenwich.
        mutating func offset() -> Int64? {
            if take("Z") || take("z") { return 0 }
            let sign: Int64 = take("+") ? 1 : take("-") ? -1 : 0
            guard sign != 0, let hours = number(2), take(":"), let minutes = number(2), hours < 24, minutes < 60 else {
                return nil
            }
            return sign * (hours * 60 + minutes)
        }
    }
}
