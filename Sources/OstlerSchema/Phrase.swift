import OstlerJSON

/// Words for messages. Only used once something is wrong.
enum Phrase {
    private static let longest = 46

    /// `the string "abc"`, `the number 12`, `an array of 3 items`.
    static func value(_ value: JSONValue) -> String {
        switch value {
        case .null, .bool: value.text
        case .number: "the number \(value.text)"
        case .string(let text): "the string \(name(text))"
        case .array(let elements): elements.isEmpty ? "an empty array" : "an array of \(count(elements.count, "item"))"
        case .object(let object):
            object.isEmpty ? "an empty object" : "an object of \(count(object.count, "member"))"
        }
    }

    /// A name in quotes, with what could upset a terminal escaped.
    static func name(_ name: String) -> String {
        Quotation.text(name, longest: longest)
    }

    /// The same without quotes, where it stands in a list.
    static func bare(_ name: String) -> String {
        Quotation.bare(name, longest: longest)
    }

    /// `1 item`, `2 items`.
    static func count(_ count: Int, _ noun: String) -> String {
        "\(count) \(noun)\(count == 1 ? "" : "s")"
    }

    /// `"a", "b" or "c"`, cut after eight.
    static func alternatives(_ values: [JSONValue]) -> String {
        var words = values.prefix(8).map(shortened)
        if values.count > 8 { words.append("\(values.count - 8) more") }
        return words.count < 2
            ? words.joined() : words.dropLast().joined(separator: ", ") + " or " + words[words.count - 1]
    }

    static func number(_ number: JSONNumber) -> String {
        JSONValue.number(number).text
    }

    /// The value as JSON, cut where it is long.
    static func shortened(_ value: JSONValue) -> String {
        value.string.map(name) ?? Quotation.bare(value.text, longest: longest + 1)
    }
}
