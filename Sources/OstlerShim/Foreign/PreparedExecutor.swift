internal import OstlerForeign
internal import OstlerJSON

/// An executor whose names are all looked up, so that a task only follows numbers.
final class PreparedExecutor {
    /// Where the value of a parameter comes from.
    enum Source {
        /// A member of the payload, by its place among ``members``.
        case member(Int)
        /// The JSON that an earlier call left, by its place among the values of a task.
        case value(Int)
        /// The pointer that an earlier call left, likewise.
        case handle(Int)
        case constant(JSONText)
        /// The parameter needs none.
        case none
    }

    final class Step {
        /// What the result calls it.
        let name: String
        let function: PreparedFunction
        /// One for each parameter.
        let sources: [Source]
        /// The parameters that a result tells.
        let outputs: [Int]
        /// The parameters behind which the call leaves a handle.
        let handles: [Int]
        /// The parameters whose handles the call closes.
        let closing: [Int]
        /// The parameters behind which the call leaves text that the library wants back.
        let texts: [Int]
        /// Whether there are results that mean that the call did not go well.
        let mayFail: Bool
        /// Whether `errno` is part of the result.
        let tellsErrno: Bool
        /// The place of what it returns among the values of a task; those of its parameters follow.
        let firstValue: Int

        fileprivate init(
            _ step: ForeignExecutor.Step,
            _ function: PreparedFunction,
            _ sources: [Source],
            firstValue: Int
        ) {
            let parameters = step.function.parameters
            func places(_ isMeant: (Parameter.Kind) -> Bool) -> [Int] {
                parameters.indices.filter { isMeant(parameters[$0].kind) }
            }
            name = step.name
            self.function = function
            self.sources = sources
            self.firstValue = firstValue
            mayFail = step.function.success != .any
            tellsErrno = step.function.tellsErrno
            outputs = parameters.indices.filter { parameters[$0].givesOutput }
            handles = places { if case .reference(.handle, let direction) = $0 { direction.gives } else { false } }
            closing = places { if case .value(.handle(step.function.symbol)) = $0 { true } else { false } }
            texts = places {
                if case .reference(.text(let text), .output) = $0 { text.release != nil } else { false }
            }
        }
    }

    let name: String
    /// The members of a payload that a step asks for.
    let members: [[UInt8]]
    let steps: [Step]
    /// Whether results are told by step.
    let isSequence: Bool
    /// How many values a task can have.
    let valueCount: Int

    init(_ executor: ForeignExecutor, _ functions: [String: PreparedFunction]) {
        name = executor.name
        isSequence = executor.isSequence
        var members: [String] = []
        var steps: [Step] = []
        var valueCount = 0
        for step in executor.steps {
            guard let function = functions[step.function.name] else {
                preconditionFailure("a step calls what is not declared: \(step.function.name)")
            }
            let sources = step.function.parameters.map { parameter in
                Self.source(of: parameter, step, executor, &members)
            }
            steps.append(Step(step, function, sources, firstValue: valueCount))
            valueCount += 1 + step.function.parameters.count
        }
        self.members = members.map { Array($0.utf8) }
        self.steps = steps
        self.valueCount = valueCount
    }

    private static func source(
        of parameter: Parameter,
        _ step: ForeignExecutor.Step,
        _ executor: ForeignExecutor,
        _ members: inout [String]
    ) -> Source {
        if case .constant(_, let value) = parameter.kind { return .constant(JSONText(value)) }
        guard parameter.takesInput else { return .none }
        switch step.binding(parameter) {
        case .payload(let member):
            members.append(member)
            return .member(members.count - 1)
        case .result(let earlier, let value):
            let place = executor.place(of: value, in: earlier)
            return parameter.handleInput ? .handle(place) : .value(place)
        case .constant(let value): return .constant(JSONText(value))
        }
    }

    /// The name of what a payload gives for a parameter; nil if it gives nothing.
    func member(_ step: Step, _ parameter: Int) -> String? {
        guard case .member(let index) = step.sources[parameter] else { return nil }
        return String(decoding: members[index], as: UTF8.self)
    }
}

extension ForeignExecutor {
    /// The place among the values of a task of what a step gives: `returns`, or a parameter.
    fileprivate func place(of value: String, in name: String) -> Int {
        var place = 0
        for step in steps {
            if step.name == name {
                let parameter = step.function.parameters.firstIndex { $0.name == value }
                return place + (parameter.map { $0 + 1 } ?? 0)
            }
            place += 1 + step.function.parameters.count
        }
        preconditionFailure("no step is called \(name)")
    }
}
