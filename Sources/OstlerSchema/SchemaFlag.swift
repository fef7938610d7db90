public import OstlerJSON

/// A top-level member of a payload, as a command line offers it: `--timeout 30`.
public struct SchemaFlag: Sendable, Equatable {
    /// What kind of text a flag takes.
    public enum ValueType: String, Sendable {
        case string
        case integer
        case number
        case boolean
        /// An array of strings: the flag may be repeated.
        case strings
        /// An object whose members are strings: `--env NAME=VALUE`.
        case stringMap = "string_map"
        /// Anything else is given as JSON.
        case other
    }

    public let name: String
    public let type: ValueType
    public let description: String?
    public let isRequired: Bool
    /// The values that are allowed, if they are few and known.
    public let values: [JSONValue]
    public let defaultValue: JSONValue?
}

extension CompiledSchema {
    /// The members that the schema names at the top, in its order; references and `allOf` are followed.
    public var flags: [SchemaFlag] {
        let roots = sameValue(0)
        let required = Set(
            roots.flatMap { node in
                node.rules.object?.value.required.compactMap { node.rules.object?.value.names.names[$0] } ?? []
            }
        )
        var flags: [SchemaFlag] = []
        for rules in roots.compactMap({ $0.rules.object?.value }) {
            for (name, schema) in zip(rules.names.names, rules.schemas) where schema >= 0 {
                if program.nodes[schema].rules.isNever || flags.contains(where: { $0.name == name }) { continue }
                flags.append(flag(name, schema, isRequired: required.contains(name)))
            }
        }
        return flags
    }

    private func flag(_ name: String, _ schema: Int, isRequired: Bool) -> SchemaFlag {
        let nodes = sameValue(schema)
        let values = nodes.lazy.compactMap { $0.rules.constant ?? $0.rules.enumeration }.first?.value.all ?? []
        return SchemaFlag(
            name: name,
            type: type(of: nodes, values),
            description: nodes.lazy.compactMap { $0.source["description"]?.string }.first,
            isRequired: isRequired,
            values: values,
            defaultValue: nodes.lazy.compactMap { $0.source["default"] }.first
        )
    }

    /// A schema and those that say more about the same value without conditions.
    private func sameValue(_ first: Int) -> [SchemaNode] {
        let node = program.nodes[first]
        let rules = node.rules.inPlace?.value
        let further = (rules?.all ?? []) + (rules?.dynamic.map { [$0.fallback] } ?? [])
        return [node] + further.flatMap { sameValue($0) }
    }

    private func type(of nodes: [SchemaNode], _ values: [JSONValue]) -> SchemaFlag.ValueType {
        var types = nodes.reduce(SchemaTypes.all) { $0.intersection($1.rules.types) }
        types.remove(.null)
        if types.contains(.number) { types.remove(.integer) }
        switch types {
        // Text, or an object that stands for what text cannot hold: a command line gives text.
        case .string, [.string, .object]: return .string
        case .integer: return .integer
        case .number: return .number
        case .boolean: return .boolean
        case .array: return nodes.contains { isString($0.rules.array?.value.items) } ? .strings : .other
        case .object: return nodes.contains { isMap($0.rules.object?.value) } ? .stringMap : .other
        default: return !values.isEmpty && values.allSatisfy { $0.string != nil } ? .string : .other
        }
    }

    private func isString(_ schema: Int?) -> Bool {
        guard let schema else { return false }
        let nodes = sameValue(schema)
        let values = nodes.lazy.compactMap { $0.rules.constant ?? $0.rules.enumeration }.first?.value.all ?? []
        return type(of: nodes, values) == .string
    }

    private func isMap(_ rules: ObjectRules?) -> Bool {
        guard let rules, rules.schemas.allSatisfy({ $0 < 0 }) else { return false }
        return isString(rules.additional ?? rules.patterns.first?.schema)
    }
}
