import OstlerJSON

extension SchemaWalker {
    /// Whether the type fits; reports if not.
    mutating func checkType(_ types: SchemaTypes, _ actual: SchemaTypes, at offset: Int) -> Bool {
        if !types.isDisjoint(with: actual) { return true }
        return report(.wrongType, at: offset) { payload in "expected \(types.phrase), \(payload.found)" }
    }

    mutating func checkLiteral(
        _ node: SchemaNode,
        _ kind: JSONReader.Kind,
        _ reader: inout JSONReader
    ) throws(JSONError) -> Bool {
        let offset = reader.index
        let bool = kind == .bool ? try reader.bool() : nil
        if bool == nil { _ = try reader.null() }
        guard checkType(node.rules.types, bool == nil ? .null : .boolean, at: offset) else { return false }
        return checkValues(node, at: offset) { rules in
            bool.map { rules.value.booleans.contains($0) } ?? rules.value.simple.contains(.null)
        }
    }

    // MARK: Strings

    mutating func checkString(_ node: SchemaNode, _ reader: inout JSONReader) throws(JSONError) -> Bool {
        let offset = reader.index
        let raw = try reader.rawString()
        guard checkType(node.rules.types, .string, at: offset) else { return false }
        let bytes = UnsafeBufferPointer(rebasing: reader.bytes(in: raw.range))
        guard raw.hasEscapes else { return try checkString(node, bytes, at: offset) }
        var decoded: [UInt8] = []
        JSONEscapes.decode(bytes, into: &decoded)
        return try decoded.withUnsafeBufferPointer { (buffer) throws(JSONError) -> Bool in
            try checkString(node, buffer, at: offset)
        }
    }

    private mutating func checkString(
        _ node: SchemaNode,
        _ bytes: UnsafeBufferPointer<UInt8>,
        at offset: Int
    ) throws(JSONError) -> Bool {
        var isValid = checkValues(node, at: offset) { $0.value.strings.number(of: bytes) != nil }
        guard let rules = node.rules.string else { return isValid }
        let (least, most) = (rules.value.minLength, rules.value.maxLength)
        // No string has more code points than bytes, or fewer than a quarter of them.
        if bytes.count < least * 4 || bytes.count > most {
            let length = bytes.reduce(0) { $1 & 0xC0 == 0x80 ? $0 : $0 + 1 }
            if length < least {
                isValid = report(.tooShort, at: offset) { payload in
                    "expected at least \(Phrase.count(least, "character")), found \(length): \(payload.found)"
                }
            }
            if length > most {
                isValid = report(.tooLong, at: offset) { _ in
                    "expected at most \(Phrase.count(most, "character")), found \(length)"
                }
            }
        }
        guard let pattern = rules.value.pattern else { return isValid }
        if try !matches(pattern, bytes, at: offset) {
            isValid = report(.patternMismatch, at: offset) { payload in
                "expected a string that matches \(Quotation.bare(pattern.source, longest: 80)), \(payload.found)"
            }
        }
        return isValid
    }

    mutating func matches(
        _ pattern: PatternProgram,
        _ text: UnsafeBufferPointer<UInt8>,
        at offset: Int
    ) throws(JSONError) -> Bool {
        guard let isMatch = PatternMatcher.matches(pattern, text) else { throw tooComplex(at: offset) }
        return isMatch
    }

    // MARK: Numbers

    mutating func checkNumber(_ node: SchemaNode, _ reader: inout JSONReader) throws(JSONError) -> Bool {
        let offset = reader.index
        let number = try reader.number()
        let types: SchemaTypes = number.isWhole ? [.number, .integer] : .number
        guard checkType(node.rules.types, types, at: offset) else { return false }
        var isValid = checkValues(node, at: offset) { $0.value.numbers.contains(number) }
        guard let rules = node.rules.number else { return isValid }
        if let bound = rules.value.minimum, number.isBelow(bound) {
            isValid = outOfRange("at least", bound, at: offset)
        }
        if let bound = rules.value.maximum, bound.isBelow(number) {
            isValid = outOfRange("at most", bound, at: offset)
        }
        if let bound = rules.value.exclusiveMinimum, !bound.isBelow(number) {
            isValid = outOfRange("more than", bound, at: offset)
        }
        if let bound = rules.value.exclusiveMaximum, !number.isBelow(bound) {
            isValid = outOfRange("less than", bound, at: offset)
        }
        if let divisor = rules.value.multipleOf, !divisor.divides(reader.bytes(in: offset..<reader.index)) {
            isValid = report(.notAMultiple, at: offset) { payload in
                "expected a multiple of \(divisor.text), \(payload.found)"
            }
        }
        return isValid
    }

    private mutating func outOfRange(_ relation: String, _ bound: JSONNumber, at offset: Int) -> Bool {
        report(.outOfRange, at: offset) { payload in "expected \(relation) \(Phrase.number(bound)), \(payload.found)" }
    }

    // MARK: const and enum

    /// Asks `const` and `enum` whether they have the value.
    @inline(__always)
    mutating func checkValues(_ node: SchemaNode, at offset: Int, _ contains: (Frozen<ValueRules>) -> Bool) -> Bool {
        var isValid = true
        if let rules = node.rules.constant, !contains(rules) { isValid = reportValue(rules.value, at: offset) }
        if let rules = node.rules.enumeration, !contains(rules) { isValid = reportValue(rules.value, at: offset) }
        return isValid
    }

    private mutating func reportValue(_ rules: ValueRules, at offset: Int) -> Bool {
        if rules.isConstant {
            return report(.notTheConstant, at: offset) { payload in
                "expected \(Phrase.shortened(rules.all[0])), \(payload.found)"
            }
        }
        return report(.notInEnum, at: offset) { payload in
            let word = payload.value?.string
            let clause = word.map { Suggestion.clause(for: $0, in: rules.strings.names) } ?? ""
            return "expected \(Phrase.alternatives(rules.all)), \(payload.found)\(clause)"
        }
    }
}

extension JSONNumber {
    /// Whether the number has no fraction.
    var isWhole: Bool {
        switch self {
        case .int, .unsigned: true
        case .double(let value): value.rounded(.towardZero) == value
        }
    }

    /// Whether this number is less than the other, exactly.
    func isBelow(_ other: JSONNumber) -> Bool {
        switch (self, other) {
        case (.int(let left), .int(let right)): left < right
        case (.unsigned(let left), .unsigned(let right)): left < right
        case (.int, .unsigned): true
        case (.unsigned, .int): false
        case (.double(let left), .double(let right)): left < right
        case (.int(let left), .double(let right)): Self.order(left, right) < 0
        case (.double(let left), .int(let right)): Self.order(right, left) > 0
        // Doubles from 2^63 on are whole.
        case (.unsigned(let left), .double(let right)): right >= 0x1p64 || right >= 0x1p63 && left < UInt64(right)
        case (.double(let left), .unsigned(let right)): left < 0x1p63 || left < 0x1p64 && UInt64(left) < right
        }
    }

    /// Negative if the integer is less, positive if it is greater. Doubles beyond 2^53 have no neighbours in between.
    private static func order(_ whole: Int64, _ other: Double) -> Int {
        if other >= 0x1p63 { return -1 }
        if other < -0x1p63 { return 1 }
        let truncated = Int64(other)
        if whole != truncated { return whole < truncated ? -1 : 1 }
        let rest = other - other.rounded(.towardZero)
        return rest == 0 ? 0 : rest > 0 ? -1 : 1
    }
}
