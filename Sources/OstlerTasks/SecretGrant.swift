internal import OstlerJSON
internal import OstlerProtocol

/// A secret that a task asks for.
package struct SecretGrant: Sendable, Equatable {
    /// As the config names it.
    package var name: String
    /// The variable that is to hold it; nil for a file.
    package var variable: String?

    package init(_ name: String, variable: String? = nil) {
        self.name = name
        self.variable = variable
    }

    /// Whether a text can be the name of a variable that programs and shells agree on.
    package static func isVariable(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return text.utf8.allSatisfy {
            $0 == UInt8(ascii: "_") || (0x30...0x39).contains($0) || (0x41...0x5A).contains($0)
                || (0x61...0x7A).contains($0)
        }
    }
}

extension TaskSpecParser {
    /// A list of names, or of `{name, as, variable}`.
    static func secrets(_ reader: inout JSONReader, _ pointer: JSONPointer) throws -> [SecretGrant] {
        guard try reader.peek() == .array else {
            throw try wrongType("a list such as [\"db\"]", &reader, pointer)
        }
        var grants: [SecretGrant] = []
        try reader.beginArray()
        while try reader.nextElement() {
            let place = pointer.element(grants.count)
            let grant = try secret(&reader, place)
            guard !grants.contains(where: { $0.name == grant.name && $0.variable == grant.variable }) else {
                throw invalid("duplicate_secret", "the secret \(Quotation.text(grant.name)) is asked for twice", place)
            }
            if let variable = grant.variable, grants.contains(where: { $0.variable == variable }) {
                throw invalid("duplicate_secret", "the variable \(variable) is to hold two secrets", place)
            }
            grants.append(grant)
        }
        return grants
    }

    private static func secret(_ reader: inout JSONReader, _ pointer: JSONPointer) throws -> SecretGrant {
        let kind = try reader.peek()
        if kind == .string { return SecretGrant(try reader.string()) }
        guard kind == .object else { throw try wrongType("a name or an object", &reader, pointer) }
        var (name, form, variable): (String?, String?, String?) = (nil, nil, nil)
        let known = ["name", "as", "variable"]
        try reader.beginObject()
        while let key = try reader.nextKey() {
            let member = reader.string(of: key)
            let place = pointer.member(member)
            switch member {
            case "name": name = try text(&reader, place)
            case "as": form = try text(&reader, place)
            case "variable": variable = try text(&reader, place)
            default:
                throw invalid(
                    "unknown_member",
                    "unknown member \(Quotation.text(member)) of a secret" + Suggestion.clause(for: member, in: known),
                    place,
                    hint: "a secret has: \(known.joined(separator: ", "))"
                )
            }
        }
        guard let name else { throw invalid("missing_member", "name is missing: say which secret", pointer) }
        guard ["file", "env", nil].contains(form) else {
            throw invalid(
                "not_in_enum",
                "as must be file or env, not \(Quotation.text(form ?? ""))",
                pointer.member("as")
            )
        }
        guard (form == "env") == (variable != nil) else {
            throw invalid(
                "invalid_secret",
                "\"as\": \"env\" and variable go together",
                pointer,
                hint: #"such as {"name": "db", "as": "env", "variable": "DB_PASSWORD"}"#
            )
        }
        if let variable, !SecretGrant.isVariable(variable) {
            throw invalid(
                "invalid_variable",
                "\(Quotation.text(variable)) is no name of a variable",
                pointer.member("variable")
            )
        }
        return SecretGrant(name, variable: variable)
    }
}
