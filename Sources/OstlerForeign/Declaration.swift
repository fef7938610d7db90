internal import OstlerJSON

/// A value of a declaration together with its place. Each accessor throws what is wrong, so that a reader of
/// declarations holds no checks of shape.
struct Declaration {
    let value: JSONValue
    let pointer: JSONPointer

    func problem(_ code: ForeignProblem.Code, _ message: String) -> ForeignProblem {
        ForeignProblem(code, at: pointer, message)
    }

    func text() throws(ForeignProblem) -> String {
        guard let text = value.string, !text.isEmpty, !text.utf8.contains(0) else {
            throw problem(.wrongType, "must be text that is not empty")
        }
        return text
    }

    /// A name of C, which is also a name in payloads and results.
    func name() throws(ForeignProblem) -> String {
        let text = try text()
        guard Self.isName(text) else {
            throw problem(.invalidValue, "\(Quotation.text(text)) is not a name: letters, digits and _, at most 128")
        }
        return text
    }

    static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 128, !(0x30...0x39).contains(first) else { return false }
        return text.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x5F
        }
    }

    func integer(in range: ClosedRange<Int64>) throws(ForeignProblem) -> Int64 {
        guard let number = value.int, range.contains(number) else {
            throw problem(.invalidValue, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func bool() throws(ForeignProblem) -> Bool {
        guard let bool = value.bool else { throw problem(.wrongType, "must be true or false") }
        return bool
    }

    func elements() throws(ForeignProblem) -> [Declaration] {
        guard let array = value.array else { throw problem(.wrongType, "must be a list") }
        return array.enumerated().map { Declaration(value: $1, pointer: pointer.element($0)) }
    }

    /// All members, whatever they are called.
    func members() throws(ForeignProblem) -> [(key: String, value: Declaration)] {
        guard let object = value.object else { throw problem(.wrongType, "must be a mapping") }
        return object.members.map { ($0.key, Declaration(value: $0.value, pointer: pointer.member($0.key))) }
    }

    /// The one member of a mapping such as `{crc: ulong}`.
    func only() throws(ForeignProblem) -> (key: String, value: Declaration) {
        let members = try members()
        guard let member = members.first, members.count == 1 else {
            throw problem(.wrongType, "must be a mapping with one key, as in {name: type}")
        }
        return member
    }

    /// Refuses members other than these.
    func allow(_ keys: [String]) throws(ForeignProblem) {
        for (key, value) in try members() where !keys.contains(key) {
            let clause = Suggestion.clause(for: key, in: keys)
            throw value.problem(.unknownKey, "unknown key \(Quotation.text(key))\(clause)")
        }
    }

    subscript(key: String) -> Declaration? {
        value[key].map { Declaration(value: $0, pointer: pointer.member(key)) }
    }

    func required(_ key: String) throws(ForeignProblem) -> Declaration {
        guard let member = self[key] else { throw problem(.missingKey, "the key \"\(key)\" is missing") }
        return member
    }
}
