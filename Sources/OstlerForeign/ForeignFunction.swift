internal import OstlerJSON

/// A function of a library, as a manifest declares it.
package struct ForeignFunction: Sendable, Equatable {
    /// Which return values mean that the call went well.
    package enum Success: Sendable, Equatable {
        case any
        /// One of these numbers.
        case numbers([Int64])
        case atLeast(Int64)
        /// A pointer that is not null.
        case notNull
    }

    /// What tasks and sequences call it.
    package let name: String
    /// What the library calls it.
    package let symbol: String
    /// Nil for `void`.
    package let returns: CType?
    package let parameters: [Parameter]
    /// How many parameters come before the variable ones; nil if the function takes no variable ones.
    package let fixedCount: Int?
    /// Whether `errno` is part of the result.
    package let tellsErrno: Bool
    package let success: Success

    package func parameter(_ name: String) -> Parameter? {
        parameters.first { $0.name == name }
    }

    private static let keys = ["symbol", "returns", "args", "fixed", "errno", "ok"]
    /// Results have a member for each parameter and these.
    private static let reserved = ["returns", "errno"]

    init(_ name: String, _ declaration: Declaration, _ types: TypeNames) throws(ForeignProblem) {
        try declaration.allow(Self.keys)
        self.name = name
        symbol = try declaration["symbol"]?.name() ?? name
        let returns = try Self.returns(declaration["returns"], types)
        self.returns = returns
        var parameters: [Parameter] = []
        let list = try declaration["args"]?.elements() ?? []
        guard list.count <= 64 else {
            throw declaration.problem(.invalidValue, "a function takes at most 64 arguments")
        }
        for element in list {
            let parameter = try Parameter(element, types)
            guard !parameters.contains(where: { $0.name == parameter.name }), !Self.reserved.contains(parameter.name)
            else { throw element.problem(.duplicateName, "arguments need names of their own, not returns or errno") }
            parameters.append(parameter)
        }
        self.parameters = parameters
        fixedCount = try declaration["fixed"].map { (count) throws(ForeignProblem) in
            Int(try count.integer(in: 1...Int64(max(1, list.count))))
        }
        tellsErrno = try declaration["errno"]?.bool() ?? false
        success =
            try declaration["ok"].map { (rule) throws(ForeignProblem) in
                try Self.success(rule, returns)
            } ?? .any
        for (index, element) in list.enumerated() { try check(parameters[index], index, element) }
    }

    private static func returns(_ declaration: Declaration?, _ types: TypeNames) throws(ForeignProblem) -> CType? {
        guard let declaration, declaration.value.string != "void" else { return nil }
        let type = try types.read(declaration)
        if case .list = type { throw declaration.problem(.invalidValue, "no function of C returns an array") }
        return type
    }

    private static func success(_ rule: Declaration, _ returns: CType?) throws(ForeignProblem) -> Success {
        if rule.value.string == "not_null" {
            switch returns {
            case .text, .handle, .address: return .notNull
            default: throw rule.problem(.invalidValue, "the function does not return a pointer")
            }
        }
        switch returns {
        case .boolean, .integer, .enumeration: break
        default: throw rule.problem(.invalidValue, "the function does not return a whole number")
        }
        if let least = rule["min"] {
            try rule.allow(["min"])
            return .atLeast(try least.integer(in: Int64.min...Int64.max))
        }
        if rule.value.array != nil {
            var numbers: [Int64] = []
            for element in try rule.elements() { numbers.append(try element.integer(in: Int64.min...Int64.max)) }
            return .numbers(numbers)
        }
        return .numbers([try rule.integer(in: Int64.min...Int64.max)])
    }

    /// What can only be judged when all parameters are known.
    private func check(_ parameter: Parameter, _ index: Int, _ place: Declaration) throws(ForeignProblem) {
        switch parameter.kind {
        case .measure(let measure): try check(measure, place)
        case .buffer(let buffer): try check(buffer, place)
        case .value(let type):
            if let fixedCount, index >= fixedCount, !type.isPromoted {
                throw place.problem(
                    .invalidValue,
                    "C widens such a variable argument: declare it as int, uint or double, or as wider"
                )
            }
            if case .list = type { throw place.problem(.invalidValue, "C passes arrays by pointer: use {pointer: …}") }
        case .constant(let type, let value):
            guard type.admits(value) else { throw place.problem(.invalidValue, "the constant does not fit its type") }
        default: break
        }
    }

    private func check(_ measure: Measure, _ place: Declaration) throws(ForeignProblem) {
        let fits =
            switch (measure.kind, parameter(measure.of)?.kind) {
            case (.length, .bytes), (.length, .array), (.elementSize, .array), (.capacity, .buffer): true
            default: false
            }
        guard fits else {
            let what =
                "\(measure.kind.rawValue) needs another argument that is one: \(Quotation.text(measure.of)) is not"
            throw place.problem(.unknownParameter, what)
        }
    }

    private func check(_ buffer: Buffer, _ place: Declaration) throws(ForeignProblem) {
        let fits: Bool
        switch buffer.length {
        case .capacity, .string: fits = true
        case .returned: if case .integer = returns { fits = true } else { fits = false }
        case .parameter(let name):
            switch parameter(name)?.kind {
            case .reference(.integer, let direction): fits = direction.gives
            case .measure(let measure): fits = measure.isReference
            default: fits = false
            }
        }
        guard fits else {
            throw place.problem(
                .unknownParameter,
                "length must be string, returns or an out parameter that is an integer"
            )
        }
    }
}

extension CType {
    /// Whether a variable argument of this type is passed as it is.
    fileprivate var isPromoted: Bool {
        switch self {
        case .boolean, .float: false
        case .integer(let integer): integer.size >= 4
        case .enumeration(let enumeration): enumeration.integer.size >= 4
        case .double, .structure, .text, .handle, .address: true
        case .list: false
        }
    }

    /// Whether a constant of a manifest is a value of this type.
    fileprivate func admits(_ value: JSONValue) -> Bool {
        switch self {
        case .boolean: value.bool != nil
        case .integer(let integer):
            value.int.map { integer.bits(negative: $0 < 0, magnitude: $0.magnitude) != nil } ?? false
        case .float, .double: value.number != nil
        case .enumeration(let enumeration): enumeration.members.contains { $0.name == value.string }
        case .text(let text): value.string.map { !$0.utf8.contains(0) } ?? (text.isNullable && value == .null)
        case .structure, .list, .handle, .address: false
        }
    }
}
