import OstlerJSON

extension SchemaWalker {
    /// The keywords that apply other schemas to the same value; `start` stands before it.
    mutating func applyInPlace(
        _ rules: Frozen<InPlaceRules>,
        from start: JSONReader,
        _ marks: inout Marks
    ) throws(JSONError) -> Bool {
        var isValid = true
        for schema in rules.value.all {
            if try !demand(schema, from: start, &marks) { isValid = false }
            if !isValid, isSilent { return false }
        }
        if let reference = rules.value.dynamic, try !demand(target(of: reference), from: start, &marks) {
            isValid = false
        }
        if !rules.value.any.isEmpty, try !applyAny(rules.value.any, from: start, &marks) { isValid = false }
        if !rules.value.one.isEmpty, try !applyOne(rules.value.one, from: start, &marks) { isValid = false }
        if let schema = rules.value.not, try !applyNot(schema, from: start) { isValid = false }
        if let condition = rules.value.condition {
            let branch = try attempt(condition, from: start, &marks) ? rules.value.then : rules.value.otherwise
            if let branch, try !demand(branch, from: start, &marks) { isValid = false }
        }
        return isValid
    }

    private mutating func applyAny(
        _ schemas: [Int],
        from start: JSONReader,
        _ marks: inout Marks
    ) throws(JSONError) -> Bool {
        var isValid = false
        for schema in schemas {
            guard try attempt(schema, from: start, &marks) else { continue }
            isValid = true
            if !isExhaustive(marks) { break }
        }
        if isValid { return true }
        return try reportNone(schemas, from: start)
    }

    private mutating func applyOne(
        _ schemas: [Int],
        from start: JSONReader,
        _ marks: inout Marks
    ) throws(JSONError) -> Bool {
        var fitting: [Int] = []
        for (index, schema) in schemas.enumerated() {
            guard try attempt(schema, from: start, &marks) else { continue }
            fitting.append(index)
            if fitting.count > 1, isSilent { return false }
        }
        if fitting.count == 1 { return true }
        if fitting.isEmpty { return try reportNone(schemas, from: start) }
        return report(.severalAlternatives, at: start.index) { _ in
            let numbers = fitting.map { "\($0 + 1)" }.joined(separator: ", ")
            return "exactly one of \(schemas.count) alternatives must fit; numbers \(numbers) do"
        }
    }

    private mutating func applyNot(_ schema: Int, from start: JSONReader) throws(JSONError) -> Bool {
        let before = findings.count
        var none = Marks(active: false)
        guard try attempt(schema, from: start, &none) else { return true }
        findings.removeSubrange(before...)
        return report(.forbidden, at: start.index) { payload in "this form is not allowed: \(payload.found)" }
    }

    /// Says what the alternative that comes nearest is lacking: the one with the fewest problems, types first.
    private mutating func reportNone(_ schemas: [Int], from start: JSONReader) throws(JSONError) -> Bool {
        guard !isSilent else { return false }
        let kept = problems
        let base = Excerpt(document: document, offset: start.index).pointer
        var nearest: (rank: Int, problem: SchemaProblem)?
        for schema in schemas {
            problems = []
            var none = Marks(active: false)
            let found = findings.count
            _ = try demand(schema, from: start, &none)
            findings.removeSubrange(found...)
            guard let first = problems.first else { continue }
            let isOfOtherType = problems.contains {
                $0.code == SchemaProblem.Code.wrongType.rawValue && $0.pointer == base
            }
            let rank = problems.count + (isOfOtherType ? Self.maximumProblems : 0)
            if rank < nearest?.rank ?? .max { nearest = (rank, first) }
        }
        problems = kept
        return report(.noAlternative, at: start.index) { _ in
            let hint = nearest.map { nearest in
                let place = nearest.problem.pointer == base ? "" : "at \(nearest.problem.pointer): "
                return "; the nearest fails with: \(place)\(nearest.problem.message)"
            }
            return "none of \(schemas.count) alternatives fits\(hint ?? "")"
        }
    }

    // MARK: Unevaluated

    /// Applies a schema to the members or items that no other keyword has looked at.
    mutating func applyUnevaluated(
        _ schema: Int,
        _ kind: JSONReader.Kind,
        from start: JSONReader,
        _ marks: Marks
    ) throws(JSONError) -> Bool {
        var reader = start
        var isValid = true
        var ordinal = 0
        if kind == .array {
            try reader.beginArray()
            while try reader.nextElement() {
                if !marks.contains(ordinal), try !applyUnevaluated(schema, to: reader, key: nil) { isValid = false }
                _ = try reader.skipValue()
                ordinal += 1
            }
        } else {
            try reader.beginObject()
            while let key = try reader.nextKey() {
                if !marks.contains(ordinal), try !applyUnevaluated(schema, to: reader, key: key) { isValid = false }
                _ = try reader.skipValue()
                ordinal += 1
            }
        }
        return isValid
    }

    private mutating func applyUnevaluated(
        _ schema: Int,
        to start: JSONReader,
        key: JSONKey?
    ) throws(JSONError) -> Bool {
        guard program.nodes[schema].rules.isNever else {
            var none = Marks(active: false)
            return try demand(schema, from: start, &none)
        }
        guard let key else {
            var reader = start
            _ = try reader.peek()
            return report(.tooManyItems, at: reader.index) { _ in "nothing in the schema allows this item" }
        }
        return report(.unknownMember, at: key.range.lowerBound - 1) { _ in
            "unknown member \(Phrase.name(start.string(of: key))): nothing in the schema allows it"
        }
    }
}
