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

    private static func escaped(_ value: String) -> String {
        var escaped = ""
        for scalar in value.unicodeScalars.prefix(longestValue) {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            case _ where scalar.isControl: escaped += "\u{FFFD}"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
