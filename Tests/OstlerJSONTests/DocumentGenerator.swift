import OstlerJSON
import OstlerTestSupport

/// Makes documents of all kinds, and writes them in spellings that nobody would choose.
struct DocumentGenerator {
    var random: SeededGenerator

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    mutating func value(depth: Int = 4) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 6), using: &random) {
        case 0: return .null
        case 1: return .bool(.random(using: &random))
        case 2: return .number(.int(Int64.random(in: .min ... .max, using: &random)))
        case 3: return .number(.int(Int64.random(in: -20...20, using: &random)))
        case 4: return .number(.double(Double.random(in: -1e6...1e6, using: &random)))
        case 5: return .string(text())
        case 6: return .array((0..<Int.random(in: 0...4, using: &random)).map { _ in value(depth: depth - 1) })
        default:
            var object = JSONObject()
            for number in 0..<Int.random(in: 0...5, using: &random) {
                object["\(number)\(text())"] = value(depth: depth - 1)
            }
            return .object(object)
        }
    }

    mutating func text() -> String {
        let scalars: [Unicode.Scalar] = [
            "a", "Z", "0", " ", "\"", "\\", "/", "\n", "\u{1}", "\u{7F}", "é", "€", "😀", "\u{FFFF}",
        ]
        var text = ""
        for _ in 0..<Int.random(in: 0...12, using: &random) {
            if let scalar = scalars.randomElement(using: &random) { text.unicodeScalars.append(scalar) }
        }
        return text
    }

    /// The same document with white space, escapes and member order at random.
    mutating func spelling(of value: JSONValue) -> String {
        switch value {
        case .null, .bool, .number: return space() + value.text + space()
        case .string(let text): return space() + quoted(text) + space()
        case .array(let elements):
            return space() + "[" + space() + elements.map { spelling(of: $0) }.joined(separator: ",") + "]" + space()
        case .object(let object):
            let members = object.members.shuffled(using: &random).map { key, value in
                space() + quoted(key) + space() + ":" + spelling(of: value)
            }
            return space() + "{" + space() + members.joined(separator: ",") + "}" + space()
        }
    }

    private mutating func space() -> String {
        ["", "", "", " ", "\n", "\t", "\r\n", "   "].randomElement(using: &random) ?? ""
    }

    private mutating func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            let mustEscape = scalar.value < 0x20 || scalar == "\"" || scalar == "\\"
            guard mustEscape || Int.random(in: 0..<4, using: &random) == 0 else {
                quoted.unicodeScalars.append(scalar)
                continue
            }
            for unit in String(scalar).utf16 {
                let digits = String(unit, radix: 16, uppercase: .random(using: &random))
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        }
        return quoted + "\""
    }
}
