import OstlerJSON

/// What a regular expression says, before it becomes a program.
indirect enum PatternNode: Equatable {
    case empty
    case set(ScalarClass)
    case sequence([PatternNode])
    case choice([PatternNode])
    case repeated(PatternNode, least: Int, most: Int?)
    case start
    case end
    case boundary(negated: Bool)
    case look(PatternNode, negated: Bool)
}

/// Reads regular expressions by the grammar of ECMA-262 with the `u` flag.
///
/// Without back references and look-behind: a matcher that never backtracks cannot have them, and in exchange no
/// pattern of a plugin can hang the host.
struct PatternParser {
    private var input: ArraySlice<Unicode.Scalar>
    private var nesting = 0
    static let maximumNesting = 64
    static let maximumRepeat = 1000

    private init(_ text: String) {
        input = Array(text.unicodeScalars)[...]
    }

    static func parse(_ text: String) throws(PatternError) -> PatternNode {
        var parser = PatternParser(text)
        let node = try parser.choice()
        if parser.input.first != nil { throw PatternError(message: "a \")\" without its \"(\"") }
        return node
    }

    private mutating func take(_ expected: Unicode.Scalar) -> Bool {
        guard input.first == expected else { return false }
        input.removeFirst()
        return true
    }

    private mutating func take(_ expected: String) -> Bool {
        guard input.starts(with: expected.unicodeScalars) else { return false }
        input.removeFirst(expected.unicodeScalars.count)
        return true
    }

    private mutating func next(_ missing: String) throws(PatternError) -> Unicode.Scalar {
        guard let scalar = input.popFirst() else { throw PatternError(message: missing) }
        return scalar
    }

    // MARK: Structure

    private mutating func choice() throws(PatternError) -> PatternNode {
        nesting += 1
        defer { nesting -= 1 }
        guard nesting <= Self.maximumNesting else { throw PatternError(message: "groups nested too deeply") }
        var branches = [try sequence()]
        while take("|") { branches.append(try sequence()) }
        return branches.count == 1 ? branches[0] : .choice(branches)
    }

    private mutating func sequence() throws(PatternError) -> PatternNode {
        var terms: [PatternNode] = []
        while let scalar = input.first, scalar != "|", scalar != ")" { terms.append(try term()) }
        return terms.count == 1 ? terms[0] : terms.isEmpty ? .empty : .sequence(terms)
    }

    private mutating func term() throws(PatternError) -> PatternNode {
        let atom = try atom()
        guard let (least, most) = try quantifier() else { return atom }
        switch atom {
        case .start, .end, .boundary, .look: throw PatternError(message: "a quantifier behind something of no width")
        default: break
        }
        _ = take("?")
        if let next = input.first, next == "*" || next == "+" || next == "?" {
            throw PatternError(message: "two quantifiers in a row")
        }
        return .repeated(atom, least: least, most: most)
    }

    private mutating func quantifier() throws(PatternError) -> (Int, Int?)? {
        if take("*") { return (0, nil) }
        if take("+") { return (1, nil) }
        if take("?") { return (0, 1) }
        guard take("{") else { return nil }
        let least = try repeatCount()
        var most: Int? = least
        if take(",") { most = input.first == "}" ? nil : try repeatCount() }
        guard take("}") else { throw PatternError(message: "a \"{\" that does not begin a quantifier; write \"\\{\"") }
        if let most, most < least { throw PatternError(message: "a quantifier whose maximum is below its minimum") }
        return (least, most)
    }

    private mutating func repeatCount() throws(PatternError) -> Int {
        var value: Int?
        while let digit = input.first.flatMap({ Self.digit($0, radix: 10) }) {
            input.removeFirst()
            value = (value ?? 0) * 10 + Int(digit)
            if value ?? 0 > Self.maximumRepeat {
                throw PatternError(message: "a quantifier above \(Self.maximumRepeat)")
            }
        }
        guard let value else { throw PatternError(message: "a \"{\" that does not begin a quantifier; write \"\\{\"") }
        return value
    }

    private mutating func atom() throws(PatternError) -> PatternNode {
        let scalar = try next("nothing where something to match is needed")
        switch scalar {
        case "^": return .start
        case "$": return .end
        case ".": return .set(.dot)
        case "(": return try group()
        case "[": return .set(try bracket())
        case "\\": return try escape()
        case "*", "+", "?": throw PatternError(message: "a quantifier with nothing to repeat")
        case "{", "}", "]": throw PatternError(message: "a bare \"\(scalar)\"; write \"\\\(scalar)\"")
        default: return .set(ScalarClass(scalar.value))
        }
    }

    private mutating func group() throws(PatternError) -> PatternNode {
        var look: Bool?
        if take("?") {
            if take("=") {
                look = false
            } else if take("!") {
                look = true
            } else if input.starts(with: "<=".unicodeScalars) || input.starts(with: "<!".unicodeScalars) {
                throw PatternError(message: "look-behind, which is not supported")
            } else if take("<") {
                while try next("a group name without its \">\"") != ">" {}
            } else if !take(":") {
                throw PatternError(message: "a kind of group that ECMA-262 does not have")
            }
        }
        let inside = try choice()
        guard take(")") else { throw PatternError(message: "a \"(\" without its \")\"") }
        return look.map { .look(inside, negated: $0) } ?? inside
    }

    // MARK: Escapes

    private mutating func escape() throws(PatternError) -> PatternNode {
        switch input.first {
        case "b", "B": return .boundary(negated: input.removeFirst() == "B")
        case let digit? where ("1"..."9").contains(digit):
            throw PatternError(message: "a back reference, which is not supported")
        case "k": throw PatternError(message: "a back reference, which is not supported")
        default: return .set(ScalarClass(try classEscape()))
        }
    }

    /// What stands behind a backslash, inside and outside of brackets.
    private mutating func classEscape() throws(PatternError) -> [ScalarClass.Item] {
        let scalar = try next("a backslash at the end")
        switch scalar {
        case "d": return ScalarClass.digits
        case "D": return ScalarClass.complement(of: ScalarClass.digits)
        case "w": return ScalarClass.word
        case "W": return ScalarClass.complement(of: ScalarClass.word)
        case "s": return ScalarClass.space
        case "S": return ScalarClass.complement(of: ScalarClass.space)
        case "p", "P": return [try property(inverted: scalar == "P")]
        default:
            let value = try characterEscape(scalar)
            return [.range(value...value)]
        }
    }

    private mutating func characterEscape(_ scalar: Unicode.Scalar) throws(PatternError) -> UInt32 {
        switch scalar {
        case "t": return 0x09
        case "n": return 0x0A
        case "v": return 0x0B
        case "f": return 0x0C
        case "r": return 0x0D
        case "0": return 0
        case "x": return try hex(2)
        case "u": return try unicodeEscape()
        case "c":
            let letter = try next("\"\\c\" without a letter")
            guard ("a"..."z").contains(letter) || ("A"..."Z").contains(letter) else {
                throw PatternError(message: "\"\\c\" without a letter")
            }
            return letter.value & 31
        default:
            guard !("a"..."z").contains(scalar), !("A"..."Z").contains(scalar), !("0"..."9").contains(scalar) else {
                throw PatternError(
                    message: "the escape \"\\\(Quotation.bare(String(scalar)))\", which ECMA-262 does not have"
                )
            }
            return scalar.value
        }
    }

    private mutating func unicodeEscape() throws(PatternError) -> UInt32 {
        guard take("{") else {
            let high = try hex(4)
            guard high & 0xFC00 == 0xD800, take("\\u") else { return high }
            let low = try hex(4)
            guard low & 0xFC00 == 0xDC00 else { throw PatternError(message: "half a surrogate pair") }
            return 0x10000 + (high & 0x3FF) << 10 + low & 0x3FF
        }
        var value: UInt32 = 0
        while !take("}") {
            guard let digit = Self.digit(try next("\"\\u{\" without its \"}\""), radix: 16), value <= 0x10FFFF else {
                throw PatternError(message: "\"\\u{…}\" without a code point in it")
            }
            value = value << 4 | digit
        }
        guard value <= 0x10FFFF else { throw PatternError(message: "\"\\u{…}\" beyond the last code point") }
        return value
    }

    private mutating func hex(_ count: Int) throws(PatternError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<count {
            guard let digit = Self.digit(try next("an escape that is cut off"), radix: 16) else {
                throw PatternError(message: "an escape with a character that is not a hexadecimal digit")
            }
            value = value << 4 | digit
        }
        return value
    }

    private static func digit(_ scalar: Unicode.Scalar, radix: Int) -> UInt32? {
        UInt32(String(scalar), radix: radix)
    }

    private mutating func property(inverted: Bool) throws(PatternError) -> ScalarClass.Item {
        guard take("{") else { throw PatternError(message: "\"\\p\" without \"{…}\"") }
        var name = ""
        while !take("}") { name.unicodeScalars.append(try next("\"\\p{\" without its \"}\"")) }
        for prefix in ["General_Category=", "gc="] where name.hasPrefix(prefix) { name.removeFirst(prefix.count) }
        guard let categories = UnicodeCategories.named(name) else {
            throw PatternError(
                message: "the property \(Quotation.text(name)): only general categories such as L or Nd are known"
            )
        }
        return .categories(categories, inverted: inverted)
    }

    // MARK: Brackets

    private mutating func bracket() throws(PatternError) -> ScalarClass {
        let inverted = take("^")
        var items: [ScalarClass.Item] = []
        while !take("]") {
            let low = try bracketItem()
            guard input.first == "-", input.dropFirst().first != "]", input.count > 1 else {
                items += low
                continue
            }
            input.removeFirst()
            let high = try bracketItem()
            guard case .range(let from)? = low.first, case .range(let to)? = high.first, low.count == 1,
                high.count == 1,
                from.count == 1, to.count == 1
            else { throw PatternError(message: "a range whose end is a class") }
            guard from.lowerBound <= to.lowerBound else { throw PatternError(message: "a range that runs backwards") }
            items.append(.range(from.lowerBound...to.lowerBound))
        }
        return ScalarClass(items, inverted: inverted)
    }

    private mutating func bracketItem() throws(PatternError) -> [ScalarClass.Item] {
        let scalar = try next("a \"[\" without its \"]\"")
        guard scalar == "\\" else { return [.range(scalar.value...scalar.value)] }
        return take("b") ? [.range(8...8)] : try classEscape()
    }
}
