internal import OstlerJSON

/// Families of metrics in Prometheus' text form, as its textfile collectors read them.
struct PrometheusText {
    enum Kind: String {
        case counter
        case gauge
        case histogram
    }

    typealias Labels = [(name: String, value: String)]

    private(set) var text = ""
    private var family = ""

    /// Begins a family; its samples follow.
    mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
        family = name
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
    }

    /// Writes a sample of the family that was begun.
    /// - Parameters:
    ///   - suffix: of a histogram's samples, such as `_bucket`.
    ///   - value: a number as text.
    mutating func sample(_ labels: Labels, _ value: String, suffix: String = "") {
        let pairs = labels.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",")
        text += family + suffix + (pairs.isEmpty ? "" : "{\(pairs)}") + " \(value)\n"
    }

    /// A label's value holds no more than this, however much a plugin makes of an error's code.
    private static let longestValue = 200

    /// A value that cannot be shown as it is has a fingerprint behind it: two of them must not become one series, for which
    /// collectors refuse the whole file.
    private static func escaped(_ value: String) -> String {
        var escaped = ""
        let isLong = value.unicodeScalars.dropFirst(longestValue).first != nil
        var isWhole = !isLong
        for scalar in value.unicodeScalars.prefix(isLong ? longestValue - fingerprintLength : longestValue) {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            case _ where Quotation.isObeyed(scalar):
                escaped += "\u{FFFD}"
                isWhole = false
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return isWhole ? escaped : escaped + fingerprint(of: value)
    }

    private static let fingerprintLength = 17

    /// `~` and 16 hexadecimal digits: FNV-1a, which stays the same from run to run.
    private static func fingerprint(of value: String) -> String {
        let hash = value.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        let digits = String(hash, radix: 16)
        return "~" + String(repeating: "0", count: fingerprintLength - 1 - digits.count) + digits
    }
}
