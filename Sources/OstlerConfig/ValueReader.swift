package import OstlerJSON

/// Collects what is wrong with one document, so that a person hears of all of it at once.
package final class ProblemLog {
    package let document: YAMLDocument
    package private(set) var problems: [ConfigError] = []
    /// More than these are only counted: nobody reads them, and to find their places takes time.
    package static let limit = 20
    private var omitted = 0

    package init(_ document: YAMLDocument) {
        self.document = document
    }

    /// The value at the top of the document.
    package var root: ValueReader { ValueReader(value: document.root, pointer: .root, log: self) }

    /// Adds a problem, which is only made if it is to be kept.
    func add(_ problem: () -> ConfigError) {
        if problems.count < Self.limit { problems.append(problem()) } else { omitted += 1 }
    }

    /// Throws if anything has been reported; the problems go in the order of the text.
    package func finish() throws(ConfigFailure) {
        let start = YAMLPosition(line: 1, column: 1)
        let sorted = problems.sorted { ($0.position ?? start) < ($1.position ?? start) }
        guard let first = sorted.first else { return }
        throw ConfigFailure(first, Array(sorted.dropFirst()), omitted: omitted)
    }
}

/// A value of a document together with its place. Each accessor that does not find what it should reports it to the
/// log and returns nil, so that decoding goes on.
package struct ValueReader {
    package let value: JSONValue
    package let pointer: JSONPointer
    let log: ProblemLog

    /// Reports a problem at the value, or at the key that names it.
    package func report(
        _ code: ConfigError.Code,
        _ message: @autoclosure () -> String,
        hint: @autoclosure () -> String? = nil,
        atKey: Bool = false
    ) {
        let document = log.document
        log.add {
            let position = atKey ? document.keyPosition(of: pointer) : document.nearestPosition(to: pointer)
            return ConfigError(
                code,
                file: document.file(of: pointer),
                position: position,
                pointer: pointer,
                message: message(),
                hint: hint()
            )
        }
    }

    /// Reports a problem at another place of the document.
    package func report(_ code: ConfigError.Code, at pointer: JSONPointer, _ message: @autoclosure () -> String) {
        ValueReader(value: value, pointer: pointer, log: log).report(code, message())
    }

    /// Reports that the value is of the wrong type.
    package func expected(_ what: String, hint: String? = nil) {
        report(.wrongType, "\(name) must be \(what), not \(value.summary)", hint: hint)
    }

    /// The last part of the place as a message names it.
    package var name: String {
        guard pointer != .root else { return "the document" }
        return Quotation.bare(String(pointer.description.dropFirst().map { $0 == "/" ? "." : $0 }), longest: 120)
    }

    /// Text that is not empty and has no NUL in it.
    package func string() -> String? {
        guard let text = text() else { return nil }
        guard !text.isEmpty else {
            report(.invalidValue, "\(name) must not be empty")
            return nil
        }
        return text
    }

    /// Text, perhaps empty, without a NUL in it: no argument and no path can hold one.
    package func text() -> String? {
        guard let text = value.string else {
            let isScalar = value.array == nil && value.object == nil && value != .null
            expected("text", hint: isScalar ? "write it in quotes" : nil)
            return nil
        }
        guard !text.utf8.contains(0) else {
            report(.invalidValue, "\(name) must not hold a NUL character")
            return nil
        }
        return text
    }

    /// `[a-z][a-z0-9_-]{0,63}`.
    package func identifier() -> String? {
        guard let text = string() else { return nil }
        guard Identifier.isValid(text) else {
            report(.invalidName, "\(value.summary) is not a name; \(Identifier.rule)")
            return nil
        }
        return text
    }

    package func bool() -> Bool? {
        guard let bool = value.bool else {
            let words = ["yes": true, "on": true, "no": false, "off": false, "true": true, "false": false]
            let meant = value.string.flatMap { words[$0.lowercased()] }
            expected("true or false", hint: meant.map { "write \($0)" })
            return nil
        }
        return bool
    }

    package func integer(in range: ClosedRange<Int64>) -> Int64? {
        guard let number = value.int else {
            expected("a whole number")
            return nil
        }
        guard range.contains(number) else {
            report(.invalidValue, "\(name) must be from \(range.lowerBound) to \(range.upperBound), not \(number)")
            return nil
        }
        return number
    }

    /// One of a closed set of words.
    package func choice<Choice: RawRepresentable & CaseIterable>(_: Choice.Type) -> Choice?
    where Choice.RawValue == String {
        let words = Choice.allCases.map(\.rawValue)
        guard let text = value.string else {
            expected(Self.list(words))
            return nil
        }
        guard let choice = Choice(rawValue: text) else {
            let hint = Suggestion.nearest(to: text, in: words).map { "did you mean \"\($0)\"?" }
            report(.invalidValue, "\(name) must be \(Self.list(words)), not \(value.summary)", hint: hint)
            return nil
        }
        return choice
    }

    /// A duration in milliseconds.
    package func milliseconds() -> Int64? {
        guard let text = value.string else {
            expected("a duration such as \(DurationText.forms)", hint: value.int.map { "write \($0)s or \($0)ms" })
            return nil
        }
        do throws(UnitTextError) {
            return try DurationText.milliseconds(text)
        } catch {
            report(.invalidValue, "\(name): \(error.description)")
            return nil
        }
    }

    /// A size in bytes, as text with a unit or as a number.
    package func bytes() -> Int64? {
        if let number = value.int, number >= 0 { return number }
        guard let text = value.string else {
            expected("a size such as \(SizeText.forms)")
            return nil
        }
        do throws(UnitTextError) {
            return try SizeText.bytes(text)
        } catch {
            report(.invalidValue, "\(name): \(error.description)")
            return nil
        }
    }

    /// Whether the value is the word `none`, which lifts a limit where the caller allows it.
    package var isNone: Bool { value.string == "none" }

    package func elements() -> [ValueReader]? {
        guard let elements = value.array else {
            expected("a list", hint: value == .null ? "write [] for an empty list" : nil)
            return nil
        }
        return elements.enumerated().map { index, element in
            ValueReader(value: element, pointer: pointer.element(index), log: log)
        }
    }

    /// A list of texts, none empty; what is wrong in it is reported and left out.
    package func strings() -> [String]? {
        elements()?.compactMap { $0.string() }
    }

    /// The members of a mapping, with those reported that are not in `keys`.
    package func members(_ keys: [String]) -> MembersReader? {
        guard let members = anyMembers() else { return nil }
        for member in members.all where !keys.contains(member.key) {
            member.value.report(
                .unknownKey,
                "unknown key \(Quotation.text(member.key))"
                    + (pointer == .root ? "" : " in \(name)"),
                hint: Suggestion.nearest(to: member.key, in: keys).map { "did you mean \"\($0)\"?" }
                    ?? "known keys: \(keys.joined(separator: ", "))",
                atKey: true
            )
        }
        return members
    }

    /// The members of a mapping, whatever their keys. A section with nothing in it is an empty mapping.
    package func anyMembers() -> MembersReader? {
        switch value {
        case .object(let object): return MembersReader(object: object, parent: self)
        case .null: return MembersReader(object: JSONObject(), parent: self)
        default:
            expected("a mapping")
            return nil
        }
    }

    private static func list(_ words: [String]) -> String {
        guard let last = words.last, words.count > 1 else { return words.first ?? "nothing" }
        return words.dropLast().joined(separator: ", ") + " or " + last
    }
}

/// The members of a mapping, with their places.
package struct MembersReader {
    package let object: JSONObject
    let parent: ValueReader

    /// Where the mapping stands.
    package var pointer: JSONPointer { parent.pointer }
    /// Reports a problem at another place of the document.
    package func report(_ code: ConfigError.Code, at pointer: JSONPointer, _ message: @autoclosure () -> String) {
        parent.report(code, at: pointer, message())
    }

    /// The member, or nil if it is absent.
    package subscript(key: String) -> ValueReader? {
        object[key].map { ValueReader(value: $0, pointer: parent.pointer.member(key), log: parent.log) }
    }

    /// The member; its absence is reported.
    package func required(_ key: String) -> ValueReader? {
        guard let member = self[key] else {
            let place = parent.pointer == .root ? "" : " in \(parent.name)"
            parent.report(.missingKey, "the key \"\(key)\" is missing\(place)")
            return nil
        }
        return member
    }

    package var all: [(key: String, value: ValueReader)] {
        object.members.map { key, value in
            (key, ValueReader(value: value, pointer: parent.pointer.member(key), log: parent.log))
        }
    }
}

/// The names of plugins, executors and the like.
package enum Identifier {
    package static let rule = "a name is a lower-case letter and up to 63 lower-case letters, digits, _ or -"

    package static func isValid(_ text: String) -> Bool {
        let bytes = text.utf8
        guard let first = bytes.first, bytes.count <= 64, (0x61...0x7A).contains(first) else { return false }
        return bytes.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x5F || byte == 0x2D
        }
    }
}

extension JSONValue {
    /// The value as a message shows it: short, on one line.
    package var summary: String {
        switch self {
        case .null: "nothing"
        case .bool, .number: text
        case .string(let string): Quotation.text(string)
        case .array: "a list"
        case .object: "a mapping"
        }
    }
}
