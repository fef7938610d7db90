internal import OstlerJSON
internal import OstlerProtocol

/// The member `sandbox` of a task.
extension TaskSpecParser {
    static func sandbox(_ reader: inout JSONReader, _ pointer: JSONPointer) throws -> TaskSpec.SandboxRequest {
        let known = ["profile", "network", "limits"]
        guard try reader.peek() == .object else { throw try wrongType("an object", &reader, pointer) }
        var request = TaskSpec.SandboxRequest()
        try reader.beginObject()
        while let key = try reader.nextKey() {
            let name = reader.string(of: key)
            let place = pointer.member(name)
            switch name {
            case "profile": request.profile = try text(&reader, place)
            case "network": request.network = try network(&reader, place)
            case "limits": request.limits = try limits(&reader, place)
            default: throw unknown(name, of: "sandbox", known, place)
            }
        }
        return request
    }

    static func unknown(_ name: String, of what: String, _ known: [String], _ place: JSONPointer) -> Failure {
        invalid(
            "unknown_member",
            "unknown member \(Quotation.text(name)) of \(what)" + Suggestion.clause(for: name, in: known),
            place,
            hint: "\(what) has: \(known.joined(separator: ", "))"
        )
    }

    private static func network(_ reader: inout JSONReader, _ pointer: JSONPointer) throws -> String {
        let known = ["none", "loopback"]
        let word = try text(&reader, pointer)
        guard known.contains(word) else {
            throw invalid(
                "not_in_enum",
                "sandbox.network must be \(known.joined(separator: " or ")), not \(Quotation.text(word))"
                    + Suggestion.clause(for: word, in: known),
                pointer
            )
        }
        return word
    }

    private static func limits(
        _ reader: inout JSONReader,
        _ pointer: JSONPointer
    ) throws -> [SandboxLimit: Int64?] {
        guard try reader.peek() == .object else { throw try wrongType("an object", &reader, pointer) }
        var limits: [SandboxLimit: Int64?] = [:]
        try reader.beginObject()
        while let key = try reader.nextKey() {
            let name = reader.string(of: key)
            let place = pointer.member(name)
            guard let limit = SandboxLimit(rawValue: name) else {
                throw unknown(name, of: "sandbox.limits", SandboxLimit.allCases.map(\.rawValue), place)
            }
            limits.updateValue(try value(of: limit, &reader, place), forKey: limit)
        }
        return limits
    }

    /// A number where it needs no unit, else text.
    private static func value(
        of limit: SandboxLimit,
        _ reader: inout JSONReader,
        _ pointer: JSONPointer
    ) throws -> Int64? {
        do {
            if limit.unit != .milliseconds, try reader.peek() == .number {
                return try limit.checked(try integer(&reader, pointer))
            }
            return try limit.value(try text(&reader, pointer))
        } catch let error as UnitTextError {
            throw invalid("invalid_limit", "sandbox.limits.\(limit.rawValue): \(error.description)", pointer)
        }
    }
}
