/// Why a duration, a size or a number as a person wrote it cannot be read.
public struct UnitTextError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The closed set of reasons.
    public enum Code: String, Sendable {
        case invalidDuration = "invalid_duration"
        case invalidSize = "invalid_size"
        case invalidCount = "invalid_count"
        case tooLarge = "too_large"
        case outOfRange = "out_of_range"
    }

    public let code: Code
    /// What is wrong and which forms are accepted, in one line.
    public let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}

/// Durations as people write them: `250ms`, `30s`, `5m`, `1h30m`, `1d`; whole milliseconds inside.
///
/// Units go from large to small and each occurs once. There are no signs, fractions or spaces.
public enum DurationText {
    /// What a number without a unit means.
    public enum BareNumber: Sendable {
        case refused
        case milliseconds
        case seconds
    }

    /// The accepted forms, for messages.
    public static let forms = "250ms, 30s, 5m, 1h30m or 1d"
    /// The largest duration in milliseconds: what still fits 64 bits as nanoseconds, about 292 years.
    public static let maximumMilliseconds: Int64 = .max / 1_000_000

    private static let units: [(name: String, milliseconds: Int64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
    ]

    /// Reads a duration as milliseconds.
    public static func milliseconds(
        _ text: String,
        bareNumber: BareNumber = .refused
    ) throws(UnitTextError) -> Int64 {
        var rest = text.utf8[...]
        var total: Int64 = 0
        var smallest = -1
        repeat {
            let digits = rest.prefix { $0 >= 0x30 && $0 <= 0x39 }
            rest = rest[digits.endIndex...]
            let name = rest.prefix { $0 >= 0x61 && $0 <= 0x7A }
            rest = rest[name.endIndex...]
            guard !digits.isEmpty else { throw malformed(text) }
            let factor: Int64
            if name.isEmpty {
                let bare = factorOfBareNumber(bareNumber)
                guard rest.isEmpty, smallest < 0, let bare else { throw malformed(text) }
                factor = bare
            } else {
                let index = units.firstIndex { $0.name.utf8.elementsEqual(name) }
                guard let index, index > smallest else { throw malformed(text) }
                factor = units[index].milliseconds
                smallest = index
            }
            guard let sum = add(total, digits: digits, factor: factor, limit: maximumMilliseconds) else {
                throw tooLong(text)
            }
            total = sum
        } while !rest.isEmpty
        return total
    }

    /// Reads a duration as the standard library has it.
    public static func duration(
        _ text: String,
        bareNumber: BareNumber = .refused
    ) throws(UnitTextError) -> Duration {
        .milliseconds(try milliseconds(text, bareNumber: bareNumber))
    }

    /// Writes a duration in its shortest form, `1h30m`; reading gives the same number back.
    public static func text(milliseconds: Int64) -> String {
        guard milliseconds > 0 else { return "0s" }
        var rest = milliseconds
        var text = ""
        for unit in units where rest >= unit.milliseconds {
            text += "\(rest / unit.milliseconds)\(unit.name)"
            rest %= unit.milliseconds
        }
        return text
    }

    private static func factorOfBareNumber(_ meaning: BareNumber) -> Int64? {
        switch meaning {
        case .refused: nil
        case .milliseconds: 1
        case .seconds: 1_000
        }
    }

    /// The text is a duration, and above ``maximumMilliseconds``.
    public static func tooLong(_ text: String) -> UnitTextError {
        UnitTextError(
            .tooLarge,
            "the duration \(Quotation.text(text)) is too long; the longest is \(maximumMilliseconds / 86_400_000)d"
        )
    }

    private static func malformed(_ text: String) -> UnitTextError {
        UnitTextError(.invalidDuration, "\(Quotation.text(text)) is not a duration; write it as \(forms)")
    }

    /// `total + digits * factor`, or nil above `limit`.
    static func add(_ total: Int64, digits: some Sequence<UInt8>, factor: Int64, limit: Int64) -> Int64? {
        var number: Int64 = 0
        for digit in digits {
            let (tens, overflow) = number.multipliedReportingOverflow(by: 10)
            let (next, carry) = tens.addingReportingOverflow(Int64(digit &- 0x30))
            guard !overflow, !carry else { return nil }
            number = next
        }
        let (product, overflow) = number.multipliedReportingOverflow(by: factor)
        let (sum, carry) = total.addingReportingOverflow(product)
        return overflow || carry || sum > limit ? nil : sum
    }
}
