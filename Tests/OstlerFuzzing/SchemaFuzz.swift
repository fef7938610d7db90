internal import OstlerJSON
internal import OstlerSchema

/// A schema and a payload: the verdict depends on what they mean and not on how they are written.
enum SchemaFuzz {
    static func check(_ bytes: UnsafeBufferPointer<UInt8>) throws(BrokenPromise) {
        let parts = Array(bytes).split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false).map(Array.init)
        guard let document = try JSONPromises.parse(parts[0]) else { return }
        let schema: CompiledSchema
        do throws(SchemaError) {
            schema = try CompiledSchema(compiling: document)
        } catch {
            try promisePresentable(error.message)
            let known = resolves(error.pointer, in: document)
            return try promise(known, "an error at \(error.pointer), which the schema does not have")
        }
        _ = schema.flags
        _ = schema.annotations(named: "x-ostler-program")
        guard parts.count == 2 else { return }
        try check(schema, of: document, payload: parts[1])
    }

    private static func check(
        _ schema: CompiledSchema,
        of document: JSONValue,
        payload bytes: [UInt8]
    ) throws(BrokenPromise) {
        let problems = schema.validate(bytes)
        try promise(problems.count <= 64, "\(problems.count) problems")
        guard let payload = try JSONPromises.parse(bytes) else {
            return try promise(problems.count == 1, "a payload that is no JSON has \(problems.count) problems")
        }
        for problem in problems {
            try promisePresentable(problem.message)
            let known = SchemaProblem.Code(rawValue: problem.code) != nil
            try promise(known, "the code \(problem.code) is not in the list")
            try promise(resolves(problem.pointer, in: payload), "a problem at \(problem.pointer), which does not exist")
        }
        let again = schema.validate(Array(payload.text.utf8), strict: false)
        let codes = [problems, again].map { Set($0.map { "\($0.pointer) \($0.code)" }) }
        // Where there are too many problems to tell, which ones are told depends on where they stand. And a divisor is asked
        // of a number as it stands there, of which the double that is written anew may be a neighbour.
        let isComparable = problems.count < 64 && !(holdsDouble(payload) && document.text.contains("multipleOf"))
        try promise(!isComparable || codes[0] == codes[1], "written anew, the payload has other problems")
        guard problems.isEmpty else { return }
        let found = bytes.withUnsafeBufferPointer { try? schema.values(annotatedWith: "x-ostler-program", in: $0) }
        for value in found ?? [] {
            try promise(resolves(value.pointer, in: payload), "an annotated value at \(value.pointer)")
        }
    }

    private static func holdsDouble(_ value: JSONValue) -> Bool {
        switch value {
        case .number(.double): true
        case .array(let elements): elements.contains(where: holdsDouble)
        case .object(let object): object.members.contains { holdsDouble($0.value) }
        default: false
        }
    }

    private static func resolves(_ pointer: JSONPointer, in document: JSONValue) -> Bool {
        var value = document
        let tokens = pointer.description.unicodeScalars.split(separator: "/", omittingEmptySubsequences: false)
        for token in tokens.dropFirst().map(Substring.init) {
            if let elements = value.array {
                guard let index = Int(token), elements.indices.contains(index) else { return false }
                value = elements[index]
            } else {
                let member = value.object?.members.first {
                    JSONPointer.escape($0.key).utf8.elementsEqual(token.utf8)
                }
                guard let member else { return false }
                value = member.value
            }
        }
        return true
    }
}
