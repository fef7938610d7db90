import OstlerJSON

/// Reads the keywords of one schema and refuses values of the wrong type.
struct SchemaFields {
    let object: JSONObject
    let pointer: JSONPointer

    func fail(_ keyword: String, _ message: String) -> SchemaError {
        SchemaError(pointer: pointer.member(keyword), message: message)
    }

    private func read<Value>(
        _ keyword: String,
        _ wanted: String,
        _ convert: (JSONValue) -> Value?
    ) throws(SchemaError) -> Value? {
        guard let value = object[keyword] else { return nil }
        guard let converted = convert(value) else {
            throw fail(keyword, "\"\(keyword)\" must be \(wanted), not \(Phrase.value(value))")
        }
        return converted
    }

    func string(_ keyword: String) throws(SchemaError) -> String? {
        try read(keyword, "a string") { $0.string }
    }

    func bool(_ keyword: String) throws(SchemaError) -> Bool? {
        try read(keyword, "true or false") { $0.bool }
    }

    func number(_ keyword: String) throws(SchemaError) -> JSONNumber? {
        try read(keyword, "a number") { $0.number }
    }

    func count(_ keyword: String) throws(SchemaError) -> Int? {
        try read(keyword, "a whole number that is not negative") { value in
            value.int.flatMap { $0 >= 0 ? Int(exactly: $0) : nil }
        }
    }

    func list(_ keyword: String) throws(SchemaError) -> [JSONValue]? {
        try read(keyword, "an array") { $0.array }
    }

    func map(_ keyword: String) throws(SchemaError) -> JSONObject? {
        try read(keyword, "an object") { $0.object }
    }

    func names(_ keyword: String) throws(SchemaError) -> [String]? {
        try read(keyword, "an array of strings") { Self.names($0) }
    }

    /// Members whose values are lists of names.
    func mapOfNames(_ keyword: String) throws(SchemaError) -> [(String, [String])]? {
        try read(keyword, "an object whose members are arrays of strings") { value in
            guard let members = value.object?.members else { return nil }
            let pairs = members.compactMap { key, value in Self.names(value).map { (key, $0) } }
            return pairs.count == members.count ? pairs : nil
        }
    }

    func pattern(_ source: String, at pointer: JSONPointer) throws(SchemaError) -> PatternProgram {
        do {
            return try PatternProgram(source)
        } catch {
            throw SchemaError(
                pointer: pointer,
                message: "the pattern \"\(Quotation.bare(source, longest: 80))\" has \(error.message)"
            )
        }
    }

    func types() throws(SchemaError) -> SchemaTypes {
        guard let value = object["type"] else { return .all }
        guard let names = value.string.map({ [$0] }) ?? Self.names(value), !names.isEmpty else {
            throw fail("type", "\"type\" must be the name of a type, or an array of such names")
        }
        var types: SchemaTypes = []
        for name in names {
            guard let known = SchemaTypes.names.first(where: { $0.name == name }) else {
                let clause = Suggestion.clause(for: name, in: SchemaTypes.names.map(\.name))
                throw fail("type", "\(Quotation.text(name)) is not a type\(clause)")
            }
            types.insert(known.type)
        }
        return types
    }

    private static func names(_ value: JSONValue) -> [String]? {
        guard let elements = value.array else { return nil }
        let names = elements.compactMap(\.string)
        return names.count == elements.count ? names : nil
    }
}
