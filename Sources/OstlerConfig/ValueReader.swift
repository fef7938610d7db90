package import OstlerJSON

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
    package func report(
        _ code: ConfigError.Code,
        at pointer: JSONPointer,
        _ message: @autoclosure () -> String,
        hint: @autoclosure () -> String? = nil
    ) {
        ValueReader(value: value, pointer: pointer, log: log).report(code, message(), hint: hint())
    }

    /// Reports that the value is of the wrong type.
    package func expected(_ what: String, hint: String? = nil) {
        report(.wrongType, "\(name) must be \(what), not \(value.summary)", hint: hint)
    }

    /// The last part of the place as a message names it.
    package var name: String {
        guard pointer != .root else { return "the document" }
        return pointer.dotted
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
            let meant = value.string.flatMap(BooleanText.meant)
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
