package import OstlerJSON

extension ForeignExecutor {
    /// The JSON schema of its payloads: what the calls take that nothing else gives.
    package var payloadSchema: JSONValue {
        var properties = JSONObject()
        var required: [JSONValue] = []
        for step in steps {
            for parameter in step.function.parameters where parameter.takesInput {
                guard case .payload(let member) = step.binding(parameter), let schema = parameter.schema else {
                    continue
                }
                properties[member] = schema
                if !parameter.isOptional { required.append(.string(member)) }
            }
        }
        return [
            "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
            "properties": .object(properties), "required": .array(required), "additionalProperties": false,
        ]
    }
}

extension Parameter {
    /// The schema of what a payload says of it; nil for what it says nothing of.
    fileprivate var schema: JSONValue? {
        switch kind {
        case .value(let type): type.schema
        case .reference(let type, let direction): direction.takes ? type.schema : nil
        case .bytes:
            [
                "type": ["string", "object"], "required": ["base64"], "additionalProperties": false,
                "properties": ["base64": ["type": "string"]],
                "description": "text, or {base64} for bytes that are no text",
            ]
        case .array(let type, _): ["type": "array", "items": type.schema ?? true]
        case .buffer(let buffer):
            buffer.maximum.map { maximum in
                [
                    "type": "integer", "minimum": 1, "maximum": .number(.int(Int64(maximum))),
                    "default": .number(.int(Int64(buffer.capacity))), "description": "bytes of room for the result",
                ]
            }
        case .constant, .null, .measure, .collect, .compare: nil
        }
    }
}

extension CType {
    /// The schema of one value; nil for what no JSON can say.
    fileprivate var schema: JSONValue? {
        switch self {
        case .boolean: ["type": "boolean"]
        case .integer(let integer): integer.schema
        case .float:
            [
                "type": "number", "minimum": .number(.double(-Double(Float.greatestFiniteMagnitude))),
                "maximum": .number(.double(Double(Float.greatestFiniteMagnitude))),
            ]
        case .double: ["type": "number"]
        case .enumeration(let enumeration): ["enum": .array(enumeration.members.map { .string($0.name) })]
        case .structure(let structure):
            [
                "type": "object", "additionalProperties": false,
                "required": .array(structure.members.map { .string($0.name) }),
                "properties": .object(JSONObject(structure.members.map { ($0.name, $0.type.schema ?? true) })),
            ]
        case .list(let element, let count):
            [
                "type": "array", "items": element.schema ?? true, "minItems": .number(.int(Int64(count))),
                "maxItems": .number(.int(Int64(count))),
            ]
        case .text(let text):
            ["type": text.isNullable ? ["string", "null"] : "string", "pattern": "^[^\\u0000]*$"]
        case .handle, .address: nil
        }
    }
}

extension CInteger {
    fileprivate var schema: JSONValue {
        let bits = size * 8
        let least = isSigned ? Int64.min >> (64 - bits) : 0
        let most = UInt64.max >> UInt64(isSigned ? 65 - bits : 64 - bits)
        return [
            "type": "integer", "minimum": .number(.int(least)),
            "maximum": .number(Int64(exactly: most).map { .int($0) } ?? .unsigned(most)),
        ]
    }
}
