import OstlerJSON

/// Walks the bytes of one payload along a schema.
///
/// A value that one schema looks at is read once. Where several look at it (`allOf`, `anyOf`, `not`, …) each reads the
/// same bytes again; no tree is built. On the way to a verdict nothing is allocated unless something is wrong.
struct SchemaWalker {
    /// Where an annotation met a value.
    struct Finding {
        let offset: Int
        let annotation: JSONValue
    }

    let program: SchemaProgram
    let document: UnsafeBufferPointer<UInt8>
    var problems: [SchemaProblem] = []
    /// While trying an alternative: the verdict is all that counts, so the first fault ends it.
    var isSilent = false
    /// The annotation to look for; nothing is left out then because the verdict is clear already.
    var wanted: String?
    var findings: [Finding] = []
    /// The resources that the walk came through, outermost first; kept only for `$dynamicRef`.
    private var scope: [Int] = []
    private var depth = 0
    private var steps = 0
    private let stepLimit: Int
    /// Set before ``JSONError/Code/tooDeep`` is thrown because of the schema and not of the payload.
    private(set) var isTooComplex = false

    static let maximumProblems = 64
    private static let maximumDepth = 512
    /// How many schemas may be applied in one walk, besides a number for each byte.
    private static let freeSteps = 1_000_000
    private static let stepsPerByte = 8

    init(_ program: SchemaProgram, _ document: UnsafeBufferPointer<UInt8>) {
        self.program = program
        self.document = document
        stepLimit = Self.freeSteps + document.count * Self.stepsPerByte
    }

    /// Walks the whole document.
    mutating func run() throws(JSONError) {
        var reader = JSONReader(document)
        var marks = Marks(active: false)
        _ = try apply(0, &reader, &marks)
    }

    /// Checks the value at the cursor against a schema; the cursor then stands behind it, if the verdict is good or the
    /// walk is not silent.
    mutating func apply(_ number: Int, _ reader: inout JSONReader, _ marks: inout Marks) throws(JSONError) -> Bool {
        // Safe: the walker holds the program, which never lets go of a node. Counting references here costs a tenth.
        unowned(unsafe) let node = program.nodes[number]
        if node.rules.isTypeOnly {
            let kind = try reader.peek()
            if kind == .string, node.rules.types.contains(.string) {
                _ = try reader.rawString()
                return true
            }
            if kind != .number, node.rules.types.contains(SchemaTypes(kind)) {
                _ = try reader.skipValue()
                return true
            }
        }
        depth += 1
        steps += 1
        guard depth <= Self.maximumDepth, steps <= stepLimit else { throw tooComplex(at: reader.index) }
        let entersResource = program.isDynamic && scope.last != node.resource
        if entersResource { scope.append(node.resource) }
        let isValid: Bool
        if let alias = node.rules.alias {
            isValid = try apply(alias, &reader, &marks)
        } else if node.rules.isNever {
            _ = try reader.peek()
            isValid = report(.forbidden, at: reader.index) { _ in "nothing may stand here" }
            if !isSilent { _ = try reader.skipValue() }
        } else {
            isValid = try check(node, &reader, &marks)
        }
        if entersResource { scope.removeLast() }
        depth -= 1
        return isValid
    }

    private mutating func check(
        _ node: SchemaNode,
        _ reader: inout JSONReader,
        _ marks: inout Marks
    ) throws(JSONError) -> Bool {
        let kind = try reader.peek()
        let start = reader
        if wanted != nil { collect(node, at: start.index) }
        let unevaluated = kind == .object ? node.rules.unevaluatedProperties : node.rules.unevaluatedItems
        guard let unevaluated, kind == .object || kind == .array else {
            return try checkKeywords(node, kind, &reader, &marks)
        }
        var own = Marks(active: true)
        var isValid = try checkKeywords(node, kind, &reader, &own)
        if isValid {
            isValid = try applyUnevaluated(unevaluated, kind, from: start, own)
            own.insertAll()
        }
        marks.formUnion(own)
        return isValid
    }

    private mutating func checkKeywords(
        _ node: SchemaNode,
        _ kind: JSONReader.Kind,
        _ reader: inout JSONReader,
        _ marks: inout Marks
    ) throws(JSONError) -> Bool {
        var isValid = true
        if let inPlace = node.rules.inPlace {
            isValid = try applyInPlace(inPlace, from: reader, &marks)
            if !isValid, isSilent { return false }
        }
        let fits =
            switch kind {
            case .object: try checkObject(node, &reader, &marks)
            case .array: try checkArray(node, &reader, &marks)
            case .string: try checkString(node, &reader)
            case .number: try checkNumber(node, &reader)
            case .bool, .null: try checkLiteral(node, kind, &reader)
            }
        return isValid && fits
    }

    // MARK: Trying

    /// Applies a schema to the value that `start` stands before, and reports what is wrong.
    mutating func demand(_ number: Int, from start: JSONReader, _ marks: inout Marks) throws(JSONError) -> Bool {
        var copy = start
        var own = Marks(active: marks.isActive)
        let isValid = try apply(number, &copy, &own)
        if isValid { marks.formUnion(own) }
        return isValid
    }

    /// Tells whether a schema fits the value that `start` stands before. What it found counts only if it does.
    mutating func attempt(_ number: Int, from start: JSONReader, _ marks: inout Marks) throws(JSONError) -> Bool {
        let (wasSilent, found) = (isSilent, findings.count)
        isSilent = true
        let (scopes, level) = (scope.count, depth)
        defer {
            isSilent = wasSilent
            scope.removeLast(scope.count - scopes)
            depth = level
        }
        let isValid = try demand(number, from: start, &marks)
        if !isValid { findings.removeSubrange(found...) }
        return isValid
    }

    /// Whether alternatives must be tried even when the verdict is clear, for what they tell besides.
    func isExhaustive(_ marks: Marks) -> Bool {
        marks.isActive || wanted != nil
    }

    /// The schema that a `$dynamicRef` means on this walk.
    func target(of reference: DynamicReference) -> Int {
        for resource in scope {
            if let target = program.dynamicAnchors[resource][reference.anchor] { return target }
        }
        return reference.fallback
    }

    mutating func tooComplex(at offset: Int) -> JSONError {
        isTooComplex = true
        return JSONError(.tooDeep, at: offset)
    }

    private mutating func collect(_ node: SchemaNode, at offset: Int) {
        for (name, value) in node.rules.annotations where name == wanted {
            findings.append(Finding(offset: offset, annotation: value))
        }
    }
}
