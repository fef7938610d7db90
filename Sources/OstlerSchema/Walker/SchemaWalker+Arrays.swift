import OstlerJSON

extension SchemaWalker {
    mutating func checkArray(
        _ node: SchemaNode,
        _ reader: inout JSONReader,
        _ marks: inout Marks
    ) throws(JSONError) -> Bool {
        let start = reader
        guard checkType(node.rules.types, .array, at: start.index) else {
            if !isSilent { _ = try reader.skipValue() }
            return false
        }
        var isValid = try checkContainer(node, start)
        if !isValid, isSilent { return false }
        guard let rules = node.rules.array else {
            _ = try reader.skipValue()
            return isValid
        }
        var (count, matches) = (0, 0)
        try reader.beginArray()
        while try reader.nextElement() {
            if let contains = rules.value.contains {
                var none = Marks(active: false)
                if try attempt(contains, from: reader, &none) {
                    matches += 1
                    marks.insert(count)
                }
            }
            if try !checkElement(rules, count, &reader, &marks) {
                if isSilent { return false }
                isValid = false
            }
            count += 1
        }
        if !checkCounts(rules.value, count, matches, at: start.index) { isValid = false }
        if rules.value.unique, try !checkUnique(start) { isValid = false }
        return isValid
    }

    private mutating func checkElement(
        _ rules: Frozen<ArrayRules>,
        _ index: Int,
        _ reader: inout JSONReader,
        _ marks: inout Marks
    ) throws(JSONError) -> Bool {
        let isPrefix = index < rules.value.prefix.count
        guard let schema = isPrefix ? rules.value.prefix[index] : rules.value.items else {
            _ = try reader.skipValue()
            return true
        }
        marks.insert(index)
        if !isPrefix, program.nodes[schema].rules.isNever {
            _ = try reader.peek()
            let offset = reader.index
            if !isSilent { _ = try reader.skipValue() }
            return report(.tooManyItems, at: offset) { _ in
                "expected at most \(Phrase.count(rules.value.prefix.count, "item")), this is one more"
            }
        }
        var none = Marks(active: false)
        return try apply(schema, &reader, &none)
    }

    private mutating func checkCounts(_ rules: ArrayRules, _ count: Int, _ matches: Int, at offset: Int) -> Bool {
        var isValid = true
        if count < rules.minItems {
            isValid = report(.tooFewItems, at: offset) { _ in
                "expected at least \(Phrase.count(rules.minItems, "item")), found \(count)"
            }
        }
        if count > rules.maxItems {
            isValid = report(.tooManyItems, at: offset) { _ in
                "expected at most \(Phrase.count(rules.maxItems, "item")), found \(count)"
            }
        }
        guard rules.contains != nil else { return isValid }
        if matches < rules.minContains {
            isValid = report(.missingItem, at: offset) { _ in
                "expected at least \(Phrase.count(rules.minContains, "item")) of the required form, found \(matches)"
            }
        }
        if matches > rules.maxContains {
            isValid = report(.tooManyMatches, at: offset) { _ in
                "expected at most \(Phrase.count(rules.maxContains, "item")) of the counted form, found \(matches)"
            }
        }
        return isValid
    }

    // MARK: uniqueItems

    /// Elements with the same hash are compared as trees; the hash is seeded, so no payload can aim at collisions.
    private mutating func checkUnique(_ start: JSONReader) throws(JSONError) -> Bool {
        var reader = start
        var offsets: [Int: [(index: Int, offset: Int)]] = [:]
        var index = 0
        try reader.beginArray()
        while try reader.nextElement() {
            _ = try reader.peek()
            let offset = reader.index
            var hasher = Hasher()
            try JSONHash.combine(&reader, into: &hasher)
            let hash = hasher.finalize()
            for other in offsets[hash] ?? [] where value(at: other.offset) == value(at: offset) {
                return report(.duplicateItem, at: offset) { _ in
                    "the same as item \(other.index); each must be different"
                }
            }
            offsets[hash, default: []].append((index, offset))
            index += 1
        }
        return true
    }
}

/// A hash of values that is the same for all spellings of equal values.
enum JSONHash {
    /// Reads a value and mixes it in.
    static func combine(_ reader: inout JSONReader, into hasher: inout Hasher) throws(JSONError) {
        switch try reader.peek() {
        case .null:
            hasher.combine(0)
            _ = try reader.null()
        case .bool: hasher.combine(try reader.bool())
        case .number: hasher.combine(try reader.number().double)
        case .string: combine(try reader.string(), into: &hasher)
        case .array:
            hasher.combine(1)
            try reader.beginArray()
            while try reader.nextElement() { try combine(&reader, into: &hasher) }
            hasher.combine(2)
        case .object:
            var sum = 0
            try reader.beginObject()
            while let key = try reader.nextKey() {
                var member = Hasher()
                combine(reader.string(of: key), into: &member)
                try combine(&reader, into: &member)
                sum &+= member.finalize()
            }
            hasher.combine(sum)
        }
    }

    /// By code point: `String` itself hashes canonically equivalent spellings alike.
    private static func combine(_ text: String, into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
