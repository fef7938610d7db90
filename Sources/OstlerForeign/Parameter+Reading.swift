internal import OstlerJSON

extension Parameter {
    /// Reads `{name: kind}`.
    init(_ declaration: Declaration, _ types: TypeNames) throws(ForeignProblem) {
        let (name, kind) = try declaration.only()
        guard Declaration.isName(name) else {
            throw declaration.problem(.invalidValue, "\(Quotation.text(name)) is not a name")
        }
        self.name = name
        self.kind = try Self.kind(kind, types)
    }

    private static func kind(_ declaration: Declaration, _ types: TypeNames) throws(ForeignProblem) -> Kind {
        if let word = declaration.value.string {
            if word == "bytes" { return .bytes }
            if word == "null" { return .null }
            return .value(try types.read(declaration))
        }
        if declaration.value == .null { return .null }
        if let value = declaration["const"] {
            try declaration.allow(["const", "as"])
            return .constant(try types.read(try declaration.required("as")), value.value)
        }
        if let target = declaration["pointer"] {
            try declaration.allow(["pointer"])
            return .reference(try types.read(target), .input)
        }
        if let target = declaration["out"] {
            try declaration.allow(["out"])
            if let buffer = target["bytes"] { return .buffer(try Buffer(buffer)) }
            return .reference(try types.read(target), .output)
        }
        if let target = declaration["inout"] {
            try declaration.allow(["inout"])
            if let measure = try Measure(target, types, isReference: true) { return .measure(measure) }
            if let element = try Self.openArray(target, types) { return .array(element, .both) }
            return .reference(try types.read(target), .both)
        }
        if let element = try openArray(declaration, types) { return .array(element, .input) }
        if let measure = try Measure(declaration, types, isReference: false) { return .measure(measure) }
        if let collector = declaration["collect"] {
            try declaration.allow(["collect"])
            return .collect(try Collector(collector, types))
        }
        if let ordering = declaration["compare"] {
            try declaration.allow(["compare"])
            return .compare(try Ordering(ordering, types))
        }
        return .value(try types.read(declaration))
    }

    /// The element of `{array: type}` without a count.
    private static func openArray(_ declaration: Declaration, _ types: TypeNames) throws(ForeignProblem) -> CType? {
        guard let element = declaration["array"], declaration["count"] == nil else { return nil }
        try declaration.allow(["array"])
        return try types.read(element)
    }
}

extension Buffer {
    /// Reads `{capacity: N, …}`.
    init(_ declaration: Declaration) throws(ForeignProblem) {
        try declaration.allow(["capacity", "max_capacity", "length", "encoding"])
        let capacity = Int(try declaration.required("capacity").integer(in: 1...Int64(Self.largest)))
        self.capacity = capacity
        maximum = try declaration["max_capacity"].map { (maximum) throws(ForeignProblem) in
            Int(try maximum.integer(in: Int64(capacity)...Int64(Self.largest)))
        }
        switch try declaration["length"]?.text() {
        case nil: length = .capacity
        case "string": length = .string
        case "returns": length = .returned
        case let name?: length = .parameter(name)
        }
        guard let word = declaration["encoding"] else {
            encoding = .base64
            return
        }
        guard let encoding = Encoding(rawValue: try word.text()) else {
            throw word.problem(.invalidValue, "must be base64, hex or text")
        }
        self.encoding = encoding
    }
}

extension Measure {
    /// Reads `{length_of: NAME, as: TYPE}` and its likes; nil for anything else.
    init?(_ declaration: Declaration, _ types: TypeNames, isReference: Bool) throws(ForeignProblem) {
        let found = Kind.allCases.first { declaration[$0.rawValue] != nil }
        guard let kind = found, let of = declaration[kind.rawValue] else { return nil }
        try declaration.allow([kind.rawValue, "as"])
        self.kind = kind
        self.of = try of.text()
        type = try types.integer(declaration["as"])
        self.isReference = isReference
    }
}

extension Collector {
    /// How many calls one task may keep.
    private static let most: Int64 = 1_000_000

    init(_ declaration: Declaration, _ types: TypeNames) throws(ForeignProblem) {
        try declaration.allow(["args", "returns", "answer", "full", "limit"])
        var arguments: [Argument] = []
        for element in try declaration.required("args").elements() {
            let argument = try Argument(element, types)
            guard !arguments.contains(where: { $0.name == argument.name }) else {
                throw element.problem(.duplicateName, "arguments need names of their own")
            }
            arguments.append(argument)
        }
        self.arguments = arguments
        let range = Int64(Int32.min)...Int64(Int32.max)
        answer = try declaration["answer"]?.integer(in: range) ?? 0
        full = try declaration["full"]?.integer(in: range) ?? 1
        limit = Int(try declaration["limit"]?.integer(in: 1...Self.most) ?? 10_000)
        returns = try declaration["returns"].flatMap { (type) throws(ForeignProblem) -> CType? in
            if type.value.string == "void" { return nil }
            return .integer(try types.integer(type))
        }
        for (argument, element) in zip(arguments, try declaration.required("args").elements()) {
            guard let count = argument.count else { continue }
            guard arguments.contains(where: { $0.name == count && $0.isInteger }) else {
                throw element.problem(.unknownParameter, "\(Quotation.text(count)) is no argument that is an integer")
            }
        }
    }
}

extension Collector.Argument {
    fileprivate init(_ declaration: Declaration, _ types: TypeNames) throws(ForeignProblem) {
        let (name, kind) = try declaration.only()
        self.name = name
        if kind.value.string == "ignored" {
            self.kind = .ignored
        } else if let element = kind["array"], let count = kind["count"], count.value.string != nil {
            try kind.allow(["array", "count"])
            self.kind = .array(try types.read(element), count: try count.text())
        } else if let bytes = kind["bytes"] {
            try kind.allow(["bytes"])
            self.kind = .bytes(count: try bytes.required("count").text())
        } else {
            let type = try types.read(kind)
            switch type {
            case .list, .structure, .handle:
                throw kind.problem(.invalidValue, "an argument of a callback cannot be of this type")
            default: self.kind = .value(type)
            }
        }
    }

    /// The argument that tells how much there is.
    package var count: String? {
        switch kind {
        case .array(_, let count), .bytes(let count): count
        case .value, .ignored: nil
        }
    }

    fileprivate var isInteger: Bool {
        if case .value(.integer) = kind { true } else { false }
    }
}

extension Ordering {
    init(_ declaration: Declaration, _ types: TypeNames) throws(ForeignProblem) {
        try declaration.allow(["of", "by", "order"])
        type = try types.read(try declaration.required("of"))
        var keys: [String] = []
        for key in try declaration["by"]?.elements() ?? [] { keys.append(try key.text()) }
        self.keys = keys
        switch try declaration["order"]?.text() {
        case nil, "ascending": isDescending = false
        case "descending": isDescending = true
        case _?: throw declaration.problem(.invalidValue, "order must be ascending or descending")
        }
        if case .structure(let structure) = type {
            guard !keys.isEmpty else {
                throw declaration.problem(.missingKey, "`by` must name the members that decide")
            }
            for key in keys {
                guard let member = structure.members.first(where: { $0.name == key }), member.type.isOrdered else {
                    throw declaration.problem(
                        .unknownParameter,
                        "\(Quotation.text(key)) is no member that can be compared"
                    )
                }
            }
        } else if !keys.isEmpty || !type.isOrdered {
            throw declaration.problem(.invalidValue, "values of this type cannot be compared")
        }
    }
}

extension CType {
    /// Whether one value of it can come before another.
    var isOrdered: Bool {
        switch self {
        case .boolean, .integer, .float, .double, .enumeration, .text: true
        case .structure, .list, .handle, .address: false
        }
    }
}
