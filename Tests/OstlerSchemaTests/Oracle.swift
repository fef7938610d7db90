import OstlerJSON

/// A plain validator over trees, as short as it can be, to compare the walker with.
struct Oracle {
    let root: JSONValue

    func accepts(_ value: JSONValue, _ schema: JSONValue? = nil) -> Bool {
        let schema = schema ?? root
        guard let object = schema.object else { return schema.bool ?? false }
        return object.members.allSatisfy { keyword, rule in accepts(value, keyword, rule, object) }
    }

    private func accepts(_ value: JSONValue, _ keyword: String, _ rule: JSONValue, _ schema: JSONObject) -> Bool {
        switch keyword {
        case "$ref": return accepts(value, root["$defs"]?[rule.string.map { String($0.dropFirst(8)) } ?? ""] ?? false)
        case "type": return (rule.array ?? [rule]).contains { isType(value, $0.string ?? "") }
        case "const": return value == rule
        case "enum": return rule.array?.contains(value) ?? false
        case "minimum": return value.number.map { $0.double >= rule.number?.double ?? 0 } ?? true
        case "maximum": return value.number.map { $0.double <= rule.number?.double ?? 0 } ?? true
        case "minLength": return value.string.map { $0.unicodeScalars.count >= rule.int ?? 0 } ?? true
        case "maxLength": return value.string.map { $0.unicodeScalars.count <= rule.int ?? 0 } ?? true
        case "allOf": return rule.array?.allSatisfy { accepts(value, $0) } ?? true
        case "anyOf": return rule.array?.contains { accepts(value, $0) } ?? true
        case "oneOf": return rule.array?.filter { accepts(value, $0) }.count == 1
        case "not": return !accepts(value, rule)
        case "if":
            let branch = accepts(value, rule) ? schema["then"] : schema["else"]
            return branch.map { accepts(value, $0) } ?? true
        default: return acceptsInside(value, keyword, rule, schema)
        }
    }

    private func acceptsInside(_ value: JSONValue, _ keyword: String, _ rule: JSONValue, _ schema: JSONObject) -> Bool {
        if let elements = value.array {
            let prefix = schema["prefixItems"]?.array ?? []
            switch keyword {
            case "prefixItems": return zip(elements, prefix).allSatisfy { accepts($0, $1) }
            case "items": return elements.dropFirst(prefix.count).allSatisfy { accepts($0, rule) }
            case "contains": return elements.contains { accepts($0, rule) }
            case "minItems": return elements.count >= rule.int ?? 0
            case "maxItems": return elements.count <= rule.int ?? 0
            case "uniqueItems":
                let isUnique = elements.indices.allSatisfy { !elements[..<$0].contains(elements[$0]) }
                return isUnique || rule == false
            default: return true
            }
        }
        guard let members = value.object else { return true }
        let known = schema["properties"]?.object ?? JSONObject()
        switch keyword {
        case "properties":
            return members.members.allSatisfy { key, value in known[key].map { accepts(value, $0) } ?? true }
        case "additionalProperties":
            return members.members.allSatisfy { key, value in known[key] != nil || accepts(value, rule) }
        case "required": return rule.array?.allSatisfy { members[$0.string ?? ""] != nil } ?? true
        case "propertyNames": return members.keys.allSatisfy { accepts(.string($0), rule) }
        case "minProperties": return members.count >= rule.int ?? 0
        case "maxProperties": return members.count <= rule.int ?? 0
        default: return true
        }
    }

    private func isType(_ value: JSONValue, _ name: String) -> Bool {
        if name == "integer" { return value.number.map { $0.double.rounded() == $0.double } ?? false }
        return value.typeName == name
    }
}
