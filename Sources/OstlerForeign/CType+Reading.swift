internal import OstlerJSON

/// The types that a table names, and those that it adds.
struct TypeNames {
    /// As the 64-bit Linux ABI has them; `char` is signed on x86-64 and is refused in favour of a plain word.
    private static let integers: [String: CInteger] = {
        var integers: [String: CInteger] = [:]
        let widths: [(Int, [String])] = [
            (1, ["schar", "int8"]), (2, ["short", "int16"]), (4, ["int", "int32"]),
            (8, ["long", "longlong", "int64", "ssize"]),
        ]
        for (size, names) in widths {
            for name in names { integers[name] = CInteger(size: size, isSigned: true) }
        }
        let unsigned: [(Int, [String])] = [
            (1, ["uchar", "uint8"]), (2, ["ushort", "uint16"]), (4, ["uint", "uint32"]),
            (8, ["ulong", "ulonglong", "uint64", "size"]),
        ]
        for (size, names) in unsigned {
            for name in names { integers[name] = CInteger(size: size, isSigned: false) }
        }
        return integers
    }()

    private static let others: [String: CType] = [
        "bool": .boolean, "float": .float, "double": .double, "pointer": .address,
        "cstring": .text(CText(isNullable: false, release: nil)),
    ]

    /// Every word for a type, for suggestions and for the page that lists them.
    static let words = (Array(integers.keys) + others.keys).sorted()

    private let own: [String: Declaration]
    /// Types that are made of themselves have no size.
    private static let maximumDepth = 16
    /// In bytes. It also bounds the work for types that name others many times over.
    private static let largest = 1 << 16
    private static let tooLarge = "a type is at most \(largest) bytes"

    /// - Parameter types: the mapping `types` of a table; nil if it has none.
    init(_ types: Declaration?) throws(ForeignProblem) {
        var own: [String: Declaration] = [:]
        for (name, type) in try types?.members() ?? [] {
            guard Declaration.isName(name), Self.word(name) == nil else {
                throw type.problem(.invalidValue, "\(Quotation.text(name)) cannot be the name of a type of your own")
            }
            own[name] = type
        }
        self.own = own
        for type in own.values { _ = try read(type) }
    }

    private static func word(_ name: String) -> CType? {
        integers[name].map { .integer($0) } ?? others[name]
    }

    func read(_ declaration: Declaration, depth: Int = 0) throws(ForeignProblem) -> CType {
        guard depth < Self.maximumDepth else {
            throw declaration.problem(
                .invalidValue,
                "types are nested more than \(Self.maximumDepth) deep, or in a circle"
            )
        }
        guard declaration.value.object != nil else {
            let name = try declaration.text()
            if let type = Self.word(name) { return type }
            guard let type = own[name] else {
                let clause = Suggestion.clause(for: name, in: Self.words + own.keys)
                throw declaration.problem(.unknownType, "unknown type \(Quotation.text(name))\(clause)")
            }
            return try read(type, depth: depth + 1)
        }
        if let members = declaration["struct"] {
            try declaration.allow(["struct"])
            return .structure(try structure(members, depth + 1))
        }
        if let names = declaration["enum"] {
            try declaration.allow(["enum", "as"])
            return .enumeration(try enumeration(names, declaration["as"]))
        }
        if let element = declaration["array"] {
            try declaration.allow(["array", "count"])
            let count = Int(try declaration.required("count").integer(in: 1...Int64(Self.largest)))
            let type = try read(element, depth: depth + 1)
            guard type.size * count <= Self.largest else { throw declaration.problem(.invalidValue, Self.tooLarge) }
            return .list(type, count: count)
        }
        if let text = declaration["cstring"] { return .text(try Self.text(text, declaration)) }
        if let handle = declaration["handle"] {
            try declaration.allow(["handle"])
            try handle.allow(["close"])
            return .handle(close: try handle.required("close").name())
        }
        throw declaration.problem(
            .unknownType,
            "unknown type; a mapping is one of struct, enum, array, cstring and handle"
        )
    }

    func integer(_ declaration: Declaration?, else word: String = "size") throws(ForeignProblem) -> CInteger {
        guard let declaration else { return Self.integers[word] ?? CInteger(size: 8, isSigned: false) }
        let name = try declaration.text()
        guard let integer = Self.integers[name] else {
            let clause = Suggestion.clause(for: name, in: Self.integers.keys)
            throw declaration.problem(.unknownType, "\(Quotation.text(name)) is not an integer type\(clause)")
        }
        return integer
    }

    private func structure(_ list: Declaration, _ depth: Int) throws(ForeignProblem) -> CStructure {
        var parts: [(name: String, type: CType)] = []
        for element in try list.elements() {
            let (name, type) = try element.only()
            guard Declaration.isName(name), !parts.contains(where: { $0.name == name }) else {
                throw element.problem(.duplicateName, "members need names of their own: \(Quotation.text(name))")
            }
            parts.append((name, try read(type, depth: depth)))
        }
        guard !parts.isEmpty else { throw list.problem(.invalidValue, "a structure must have members") }
        let structure = CStructure(parts)
        guard structure.size <= Self.largest else { throw list.problem(.invalidValue, Self.tooLarge) }
        return structure
    }

    private func enumeration(_ names: Declaration, _ type: Declaration?) throws(ForeignProblem) -> CEnumeration {
        let integer = try integer(type, else: "int")
        var members: [CEnumeration.Member] = []
        for (name, value) in try names.members() {
            guard let number = value.value.int,
                integer.bits(negative: number < 0, magnitude: number.magnitude) != nil
            else { throw value.problem(.invalidValue, "must be a whole number that fits the type") }
            members.append(.init(name: name, value: number))
        }
        guard !members.isEmpty else { throw names.problem(.invalidValue, "an enumeration must have members") }
        return CEnumeration(members: members, integer: integer)
    }

    private static func text(_ rules: Declaration, _ declaration: Declaration) throws(ForeignProblem) -> CText {
        try declaration.allow(["cstring"])
        try rules.allow(["nullable", "free"])
        let release = try rules["free"]?.name()
        return CText(
            isNullable: try rules["nullable"]?.bool() ?? false,
            release: release == "never" ? nil : release
        )
    }
}
