/// The limits of a sandbox by the names that config, tasks and command lines have for them, and what their values are.
public enum SandboxLimit: String, Sendable, CaseIterable {
    case memory
    case processes
    case openFiles = "open_files"
    case tmp
    case output
    case cpu
    case fileSize = "file_size"

    /// What a value counts.
    public enum Unit: Sendable {
        case bytes
        case things
        case milliseconds
    }

    public var unit: Unit {
        switch self {
        case .memory, .tmp, .output, .fileSize: .bytes
        case .processes, .openFiles: .things
        case .cpu: .milliseconds
        }
    }

    /// The values that make sense.
    public var range: ClosedRange<Int64> {
        switch self {
        case .memory: 1 << 20 ... .max
        case .processes: 1...1_000_000
        case .openFiles: 8...1_000_000
        case .tmp, .output, .fileSize: 0 ... .max
        case .cpu: 1...DurationText.maximumMilliseconds
        }
    }

    /// Whether the word `none` lifts it.
    public var isOptional: Bool { self == .cpu || self == .fileSize }

    /// A value as it is written; nil is no limit.
    public func text(_ value: Int64?) -> String {
        guard let value else { return "none" }
        return switch unit {
        case .bytes: SizeText.text(bytes: value)
        case .things: "\(value)"
        case .milliseconds: DurationText.text(milliseconds: value)
        }
    }

    /// Reads a value as a person writes it; nil is no limit.
    public func value(_ text: String) throws(UnitTextError) -> Int64? {
        if isOptional, text == "none" { return nil }
        switch unit {
        case .bytes: return try checked(SizeText.bytes(text))
        case .milliseconds: return try checked(DurationText.milliseconds(text))
        case .things:
            guard let number = Int64(text) else { throw UnitTextError(.invalidCount, rule) }
            return try checked(number)
        }
    }

    /// The number, if it is one that the limit may have.
    public func checked(_ number: Int64) throws(UnitTextError) -> Int64 {
        guard range.contains(number) else { throw UnitTextError(.outOfRange, rule) }
        return number
    }

    /// What a value must be, as a message says it.
    private var rule: String {
        switch unit {
        case .bytes: "\(rawValue) must be a size of at least \(SizeText.text(bytes: range.lowerBound))"
        case .things: "\(rawValue) must be a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .milliseconds: "\(rawValue) must be a duration longer than 0"
        }
    }
}
