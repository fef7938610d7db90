/// The keywords of JSON Schema 2020-12, by what stands behind them.
enum SchemaKeywords {
    static let oneSchema = [
        "additionalProperties", "contains", "contentSchema", "else", "if", "items", "not", "propertyNames", "then",
        "unevaluatedItems", "unevaluatedProperties",
    ]
    static let listOfSchemas = ["allOf", "anyOf", "oneOf", "prefixItems"]
    static let mapOfSchemas = ["$defs", "definitions", "dependentSchemas", "patternProperties", "properties"]

    /// Everything that has a meaning here, so that the rest is an annotation.
    static let all: Set<String> = Set(oneSchema + listOfSchemas + mapOfSchemas).union([
        "$anchor", "$comment", "$dynamicAnchor", "$dynamicRef", "$id", "$ref", "$schema", "$vocabulary", "const",
        "contentEncoding", "contentMediaType", "default", "dependentRequired", "deprecated", "description", "enum",
        "examples", "exclusiveMaximum", "exclusiveMinimum", "format", "maxContains", "maxItems", "maxLength",
        "maxProperties", "maximum", "minContains", "minItems", "minLength", "minProperties", "minimum", "multipleOf",
        "pattern", "readOnly", "required", "title", "type", "uniqueItems", "writeOnly",
    ])
}

/// Which groups of keywords a dialect switches on.
struct SchemaVocabularies: OptionSet, Sendable {
    let rawValue: UInt8
    static let applicator = SchemaVocabularies(rawValue: 1)
    static let unevaluated = SchemaVocabularies(rawValue: 2)
    static let validation = SchemaVocabularies(rawValue: 4)
    static let all: SchemaVocabularies = [.applicator, .unevaluated, .validation]

    private static let prefix = "https://json-schema.org/draft/2020-12/vocab/"

    /// Adds the vocabulary of that URI; false if nobody here knows it.
    mutating func insert(uri: String) -> Bool {
        guard uri.utf8.starts(with: Self.prefix.utf8) else { return false }
        switch uri.dropFirst(Self.prefix.count) {
        case "applicator": insert(.applicator)
        case "unevaluated": insert(.unevaluated)
        case "validation": insert(.validation)
        case "core", "meta-data", "format-annotation", "content": break
        default: return false
        }
        return true
    }
}
