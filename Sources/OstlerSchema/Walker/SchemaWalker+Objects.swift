import OstlerJSON

extension SchemaWalker {
    mutating func checkObject(
        _ node: SchemaNode,
        _ reader: inout JSONReader,
        _ marks: inout Marks
    ) throws(JSONError) -> Bool {
        let start = reader
        guard checkType(node.rules.types, .object, at: start.index) else {
            if !isSilent { _ = try reader.skipValue() }
            return false
        }
        var isValid = try checkContainer(node, start)
        if !isValid, isSilent { return false }
        guard let rules = node.rules.object else {
            _ = try reader.skipValue()
            return isValid
        }
        var seen = SeenNames()
        var count = 0
        try reader.beginObject()
        while let key = try reader.nextKey() {
            let fits = try checkMember(rules, key, count, &reader, &seen, &marks)
            if !fits {
                if isSilent { return false }
                isValid = false
            }
            count += 1
        }
        if !checkRequired(rules, seen, count, at: start.index) { isValid = false }
        for (name, schema) in rules.value.dependentSchemas where seen.contains(name) {
            if try !demand(schema, from: start, &marks) { isValid = false }
        }
        return isValid
    }

    /// `const` and `enum` with arrays or objects among their values.
    mutating func checkContainer(_ node: SchemaNode, _ start: JSONReader) throws(JSONError) -> Bool {
        guard node.rules.constant != nil || node.rules.enumeration != nil else { return true }
        var copy = start
        let value = try JSONValue(reading: &copy)
        return checkValues(node, at: start.index) { $0.value.containers.contains(value) }
    }

    private mutating func checkMember(
        _ rules: Frozen<ObjectRules>,
        _ key: JSONKey,
        _ ordinal: Int,
        _ reader: inout JSONReader,
        _ seen: inout SeenNames,
        _ marks: inout Marks
    ) throws(JSONError) -> Bool {
        let slot = number(of: key, rules, reader)
        var isValid = true
        if let schema = rules.value.propertyNames { isValid = try checkName(key, schema, reader) }
        if let slot { seen.insert(slot) }
        let own = slot.map { rules.value.schemas[$0] } ?? -1
        if !rules.value.patterns.isEmpty {
            return try checkPatterns(rules, key, own, ordinal, &reader, &marks) && isValid
        }
        guard let schema = own >= 0 ? own : rules.value.additional else {
            _ = try reader.skipValue()
            return isValid
        }
        marks.insert(ordinal)
        if own < 0, program.nodes[schema].rules.isNever {
            if !isSilent { _ = try reader.skipValue() }
            return reportUnknown(rules.value, key, reader)
        }
        var none = Marks(active: false)
        return try apply(schema, &reader, &none) && isValid
    }

    @inline(__always)
    private func number(of key: JSONKey, _ rules: Frozen<ObjectRules>, _ reader: JSONReader) -> Int? {
        guard key.hasEscapes else {
            return rules.value.names.number(of: UnsafeBufferPointer(rebasing: reader.bytes(in: key.range)))
        }
        var text = reader.string(of: key)
        return text.withUTF8 { rules.value.names.number(of: $0) }
    }

    /// A member that several schemas may look at: that of its name, and one for each pattern.
    private mutating func checkPatterns(
        _ rules: Frozen<ObjectRules>,
        _ key: JSONKey,
        _ own: Int,
        _ ordinal: Int,
        _ reader: inout JSONReader,
        _ marks: inout Marks
    ) throws(JSONError) -> Bool {
        var schemas = own >= 0 ? [own] : []
        let text = Array(reader.string(of: key).utf8)
        for (pattern, schema) in rules.value.patterns {
            let isMatch = try text.withUnsafeBufferPointer { (buffer) throws(JSONError) -> Bool in
                try matches(pattern, buffer, at: key.range.lowerBound)
            }
            if isMatch { schemas.append(schema) }
        }
        var isValid = true
        if schemas.isEmpty, let additional = rules.value.additional {
            if program.nodes[additional].rules.isNever {
                marks.insert(ordinal)
                isValid = reportUnknown(rules.value, key, reader)
            } else {
                schemas.append(additional)
            }
        }
        var none = Marks(active: false)
        for schema in schemas {
            marks.insert(ordinal)
            if try !demand(schema, from: reader, &none) { isValid = false }
        }
        if isValid || !isSilent { _ = try reader.skipValue() }
        return isValid
    }

    /// `propertyNames`: the key is looked at as if it were a value.
    private mutating func checkName(_ key: JSONKey, _ schema: Int, _ reader: JSONReader) throws(JSONError) -> Bool {
        var start = reader
        start.index = key.range.lowerBound - 1
        var none = Marks(active: false)
        let found = findings.count
        let isValid = try attempt(schema, from: start, &none)
        findings.removeSubrange(found...)
        if isValid { return true }
        guard !isSilent else { return false }
        let before = problems.count
        _ = try demand(schema, from: start, &none)
        let reason = problems.count > before ? problems[before].message : "it does not fit the rule for names"
        problems.removeSubrange(before...)
        return report(.badMemberName, at: start.index) { _ in
            "the name \(Phrase.name(reader.string(of: key))) is not allowed: \(reason)"
        }
    }

    private mutating func reportUnknown(_ rules: ObjectRules, _ key: JSONKey, _ reader: JSONReader) -> Bool {
        report(.unknownMember, at: key.range.lowerBound - 1) { _ in
            let name = reader.string(of: key)
            let known = rules.names.names.indices.filter { rules.schemas[$0] >= 0 }.map { rules.names.names[$0] }
            let clause = Suggestion.clause(for: name, in: known)
            if clause.isEmpty, !known.isEmpty, known.count <= 12 {
                return
                    "unknown member \(Phrase.name(name)); known are \(known.map(Phrase.bare).joined(separator: ", "))"
            }
            return "unknown member \(Phrase.name(name))\(clause)"
        }
    }

    private mutating func checkRequired(
        _ rules: Frozen<ObjectRules>,
        _ seen: SeenNames,
        _ count: Int,
        at offset: Int
    ) -> Bool {
        var isValid = true
        let bits = rules.value.requiredBits
        if seen.low & bits != bits || (bits == 0 && !rules.value.required.isEmpty) {
            for name in rules.value.required where !seen.contains(name) {
                isValid = report(.missingMember, at: offset) { _ in
                    "the member \(Phrase.name(rules.value.names.names[name])) is missing"
                }
            }
        }
        for (name, needs) in rules.value.dependentRequired where seen.contains(name) {
            for need in needs where !seen.contains(need) {
                isValid = report(.missingMember, at: offset) { _ in
                    let names = rules.value.names.names
                    return
                        "the member \(Phrase.name(names[need])) is missing; it must go with \(Phrase.name(names[name]))"
                }
            }
        }
        if count < rules.value.minProperties {
            isValid = report(.tooFewMembers, at: offset) { _ in
                "expected at least \(Phrase.count(rules.value.minProperties, "member")), found \(count)"
            }
        }
        if count > rules.value.maxProperties {
            isValid = report(.tooManyMembers, at: offset) { _ in
                "expected at most \(Phrase.count(rules.value.maxProperties, "member")), found \(count)"
            }
        }
        return isValid
    }
}
