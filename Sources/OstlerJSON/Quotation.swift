/// Other people's text in messages: short, on one line, and without what a terminal would obey.
public enum Quotation {
    /// The text in quotes, with the escapes of JSON.
    public static func text(_ text: String, longest: Int = 40) -> String {
        var quoted = "\""
        for scalar in cut(text, longest) {
            if scalar == "\"" || scalar == "\\" { quoted.unicodeScalars.append("\\") }
            append(scalar, to: &quoted)
        }
        return quoted + "\""
    }

    /// The text without quotes, for pointers and names of files.
    public static func bare(_ text: String, longest: Int = 200) -> String {
        var shown = ""
        for scalar in cut(text, longest) { append(scalar, to: &shown) }
        return shown
    }

    /// Lines as they are, but for what a terminal would obey.
    public static func lines(_ text: String) -> String {
        var shown = ""
        for scalar in text.unicodeScalars {
            if scalar == "\n" || scalar == "\t" {
                shown.unicodeScalars.append(scalar)
            } else {
                append(scalar, to: &shown)
            }
        }
        return shown
    }

    private static func cut(_ text: String, _ longest: Int) -> [Unicode.Scalar] {
        let start = text.unicodeScalars.prefix(longest + 1)
        return start.count > longest ? start.prefix(longest) + ["…"] : Array(start)
    }

    private static func append(_ scalar: Unicode.Scalar, to shown: inout String) {
        switch scalar {
        case "\n": shown += "\\n"
        case "\r": shown += "\\r"
        case "\t": shown += "\\t"
        case _ where isObeyed(scalar):
            let digits = String(scalar.value, radix: 16)
            shown += "\\u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        default: shown.unicodeScalars.append(scalar)
        }
    }

    /// Whether a terminal or a page would obey it and not show it: controls, ends of lines, and what turns the direction of
    /// writing round, so that a text would not look like what it is.
    public static func isObeyed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F...0x9F, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
        default: false
        }
    }
}
