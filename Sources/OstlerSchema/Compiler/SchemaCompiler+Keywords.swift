import OstlerJSON

extension SchemaCompiler {
    /// All that one schema says.
    mutating func rules(
        _ fields: SchemaFields,
        _ place: SchemaPlace,
        _ vocabularies: SchemaVocabularies
    ) throws(SchemaError) -> SchemaRules {
        var rules = SchemaRules()
        let isValidating = vocabularies.contains(.validation)
        if isValidating {
            rules.types = try fields.types()
            if let value = fields.object["const"] { rules.constant = Frozen(ValueRules([value], isConstant: true)) }
            if let values = try fields.list("enum") {
                rules.enumeration = Frozen(ValueRules(values, isConstant: false))
            }
            rules.number = try numberRules(fields).map { Frozen($0) }
            rules.string = try stringRules(fields).map { Frozen($0) }
        }
        var array = ArrayRules()
        var object = ObjectRules()
        var inPlace = try references(fields, place)
        if isValidating { try addCounts(fields, &array, &object) }
        if vocabularies.contains(.applicator) {
            try addItems(fields, place, &array)
            try addMembers(fields, place, &object)
            try addBranches(fields, place, &inPlace)
        }
        if isValidating { try addRequired(fields, &object) }
        object.names.seal()
        if vocabularies.contains(.unevaluated) {
            rules.unevaluatedItems = try schema("unevaluatedItems", fields, place)
            rules.unevaluatedProperties = try schema("unevaluatedProperties", fields, place)
        }
        if !fields.hasNone(Self.arrayKeywords) { rules.array = Frozen(array) }
        if !fields.hasNone(Self.objectKeywords) { rules.object = Frozen(object) }
        if !inPlace.isEmpty { rules.inPlace = Frozen(inPlace) }
        rules.annotations = fields.object.members.filter { !SchemaKeywords.all.contains($0.key) }
            .map { (name: $0.key, value: $0.value) }
        if let only = inPlace.all.first, inPlace.all.count == 1, fields.object["$ref"] != nil,
            fields.object.keys.allSatisfy({ Self.silentKeywords.contains($0) })
        {
            rules.alias = only
        }
        rules.isTypeOnly = fields.object.keys.allSatisfy {
            $0 == "type" || Self.silentKeywords.contains($0) && $0 != "$ref"
        }
        return rules
    }

    private static let arrayKeywords = [
        "prefixItems", "items", "contains", "minItems", "maxItems", "uniqueItems", "minContains", "maxContains",
    ]
    private static let objectKeywords = [
        "properties", "patternProperties", "additionalProperties", "propertyNames", "dependentSchemas",
        "dependentRequired", "required", "minProperties", "maxProperties",
    ]
    /// What may stand beside a `$ref` without saying anything about the value.
    private static let silentKeywords: Set<String> = [
        "$ref", "$comment", "title", "description", "default", "examples", "deprecated", "$defs", "definitions",
        "readOnly", "writeOnly",
    ]

    // MARK: Schemas inside

    private mutating func schema(
        _ keyword: String,
        _ fields: SchemaFields,
        _ place: SchemaPlace
    ) throws(SchemaError) -> Int? {
        guard fields.object[keyword] != nil, let child = registry.descend(from: place, [keyword]) else { return nil }
        return try number(of: child)
    }

    private mutating func schemas(
        _ keyword: String,
        _ fields: SchemaFields,
        _ place: SchemaPlace
    ) throws(SchemaError) -> [Int] {
        guard let list = try fields.list(keyword) else { return [] }
        guard !list.isEmpty else { throw fields.fail(keyword, "\"\(keyword)\" must hold at least one schema") }
        var numbers: [Int] = []
        for index in list.indices {
            if let child = registry.descend(from: place, [keyword, "\(index)"]) {
                numbers.append(try number(of: child))
            }
        }
        return numbers
    }

    private mutating func namedSchemas(
        _ keyword: String,
        _ fields: SchemaFields,
        _ place: SchemaPlace
    ) throws(SchemaError) -> [(name: String, schema: Int)] {
        var named: [(name: String, schema: Int)] = []
        for key in try fields.map(keyword)?.keys ?? [] {
            if let child = registry.descend(from: place, [keyword, key]) { named.append((key, try number(of: child))) }
        }
        return named
    }

    private mutating func target(
        _ keyword: String,
        _ fields: SchemaFields,
        _ place: SchemaPlace
    ) throws(SchemaError) -> SchemaPlace? {
        guard let reference = try fields.string(keyword) else { return nil }
        do {
            return try registry.resolve(reference, from: place.resource)
        } catch {
            throw fields.fail(keyword, "\(Quotation.text(reference, longest: 80)) \(error.message)")
        }
    }

    private mutating func references(
        _ fields: SchemaFields,
        _ place: SchemaPlace
    ) throws(SchemaError) -> InPlaceRules {
        var rules = InPlaceRules()
        if let target = try target("$ref", fields, place) { rules.all.append(try number(of: target)) }
        guard let target = try target("$dynamicRef", fields, place) else { return rules }
        let number = try number(of: target)
        let fragment = try fields.string("$dynamicRef").flatMap { SchemaURI($0).fragment }
        if let fragment, target.value["$dynamicAnchor"]?.string == fragment {
            rules.dynamic = DynamicReference(anchor: fragment, fallback: number)
        } else {
            rules.all.append(number)
        }
        return rules
    }

    private mutating func addBranches(
        _ fields: SchemaFields,
        _ place: SchemaPlace,
        _ rules: inout InPlaceRules
    ) throws(SchemaError) {
        rules.all += try schemas("allOf", fields, place)
        rules.any = try schemas("anyOf", fields, place)
        rules.one = try schemas("oneOf", fields, place)
        rules.not = try schema("not", fields, place)
        rules.condition = try schema("if", fields, place)
        let then = try schema("then", fields, place)
        let otherwise = try schema("else", fields, place)
        if rules.condition != nil { (rules.then, rules.otherwise) = (then, otherwise) }
    }

    private mutating func addItems(
        _ fields: SchemaFields,
        _ place: SchemaPlace,
        _ rules: inout ArrayRules
    ) throws(SchemaError) {
        rules.prefix = try schemas("prefixItems", fields, place)
        rules.items = try schema("items", fields, place)
        rules.contains = try schema("contains", fields, place)
    }

    private mutating func addMembers(
        _ fields: SchemaFields,
        _ place: SchemaPlace,
        _ rules: inout ObjectRules
    ) throws(SchemaError) {
        for (name, schema) in try namedSchemas("properties", fields, place) {
            rules.schemas[rules.slot(name)] = schema
        }
        for (source, schema) in try namedSchemas("patternProperties", fields, place) {
            let pointer = fields.pointer.member("patternProperties").member(source)
            rules.patterns.append((try fields.pattern(source, at: pointer), schema))
        }
        for (name, schema) in try namedSchemas("dependentSchemas", fields, place) {
            rules.dependentSchemas.append((rules.slot(name), schema))
        }
        rules.additional = try schema("additionalProperties", fields, place)
        rules.propertyNames = try schema("propertyNames", fields, place)
    }

    // MARK: Plain keywords

    private func numberRules(_ fields: SchemaFields) throws(SchemaError) -> NumberRules? {
        var rules = NumberRules()
        rules.minimum = try fields.number("minimum")
        rules.maximum = try fields.number("maximum")
        rules.exclusiveMinimum = try fields.number("exclusiveMinimum")
        rules.exclusiveMaximum = try fields.number("exclusiveMaximum")
        if let divisor = try fields.number("multipleOf") {
            rules.multipleOf = Decimal(divisor)
            if rules.multipleOf == nil { throw fields.fail("multipleOf", "\"multipleOf\" must be greater than zero") }
        }
        let keywords = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]
        return fields.hasNone(keywords) ? nil : rules
    }

    private func stringRules(_ fields: SchemaFields) throws(SchemaError) -> StringRules? {
        var rules = StringRules()
        rules.minLength = try fields.count("minLength") ?? 0
        rules.maxLength = try fields.count("maxLength") ?? .max
        if let source = try fields.string("pattern") {
            rules.pattern = try fields.pattern(source, at: fields.pointer.member("pattern"))
        }
        return fields.hasNone(["minLength", "maxLength", "pattern"]) ? nil : rules
    }

    private func addCounts(
        _ fields: SchemaFields,
        _ array: inout ArrayRules,
        _ object: inout ObjectRules
    ) throws(SchemaError) {
        array.minItems = try fields.count("minItems") ?? 0
        array.maxItems = try fields.count("maxItems") ?? .max
        array.unique = try fields.bool("uniqueItems") ?? false
        array.minContains = try fields.count("minContains") ?? 1
        array.maxContains = try fields.count("maxContains") ?? .max
        object.minProperties = try fields.count("minProperties") ?? 0
        object.maxProperties = try fields.count("maxProperties") ?? .max
    }

    private func addRequired(_ fields: SchemaFields, _ rules: inout ObjectRules) throws(SchemaError) {
        rules.required = (try fields.names("required") ?? []).map { rules.slot($0) }
        for (name, needs) in try fields.mapOfNames("dependentRequired") ?? [] {
            rules.dependentRequired.append((rules.slot(name), needs.map { rules.slot($0) }))
        }
        if rules.names.names.count <= 64 {
            for number in rules.required { rules.requiredBits |= 1 << UInt64(number) }
        }
    }
}

extension SchemaFields {
    /// Whether the schema has none of these keywords.
    func hasNone(_ keywords: [String]) -> Bool {
        keywords.allSatisfy { object[$0] == nil }
    }
}
