package import OstlerJSON

/// What a task of an executor of foreign functions does: one call, or several in one process.
package struct ForeignExecutor: Sendable, Equatable {
    /// One call.
    package struct Step: Sendable, Equatable {
        /// What the result calls it.
        package let name: String
        package let function: ForeignFunction
        /// Where the values of parameters come from; what is not here comes from the payload, by the parameter's name.
        package let bindings: [String: Binding]

        package func binding(_ parameter: Parameter) -> Binding {
            bindings[parameter.name] ?? .payload(parameter.name)
        }
    }

    package enum Binding: Sendable, Equatable {
        /// A member of the payload.
        case payload(String)
        /// What an earlier step gave: `returns` or one of its parameters.
        case result(step: String, value: String)
        /// The same in each task.
        case constant(JSONValue)
    }

    package let name: String
    package let steps: [Step]
    /// Whether results are told by step.
    package let isSequence: Bool

    /// Reads the members `call` or `sequence` of an executor.
    init(
        _ name: String,
        _ declaration: Declaration,
        _ functions: [String: ForeignFunction]
    ) throws(ForeignProblem) {
        self.name = name
        if let list = declaration["sequence"] {
            guard declaration["call"] == nil else {
                throw list.problem(.invalidValue, "an executor has either call or sequence")
            }
            isSequence = true
            steps = try Self.sequence(list, functions)
        } else {
            isSequence = false
            let call = declaration["call"] ?? Declaration(value: .string(name), pointer: declaration.pointer)
            let function = try Self.function(call, functions)
            guard !function.parameters.contains(where: \.handleInput) else {
                throw call.problem(.invalidValue, "a handle only comes from another call: use a sequence")
            }
            steps = [Step(name: function.name, function: function, bindings: [:])]
        }
    }

    private static func function(
        _ call: Declaration,
        _ functions: [String: ForeignFunction]
    ) throws(ForeignProblem) -> ForeignFunction {
        let name = try call.text()
        guard let function = functions[name] else {
            let clause = Suggestion.clause(for: name, in: functions.keys)
            throw call.problem(.unknownFunction, "no function \(Quotation.text(name)) is declared\(clause)")
        }
        return function
    }

    private static func sequence(
        _ list: Declaration,
        _ functions: [String: ForeignFunction]
    ) throws(ForeignProblem) -> [Step] {
        var steps: [Step] = []
        var members: [String: Declaration] = [:]
        for element in try list.elements() {
            try element.allow(["call", "name", "with"])
            let function = try function(try element.required("call"), functions)
            let name = try element["name"]?.name() ?? function.name
            guard !steps.contains(where: { $0.name == name }) else {
                throw element.problem(.duplicateName, "two steps are called \(name): give one another name")
            }
            var bindings: [String: Binding] = [:]
            for (key, value) in try element["with"]?.members() ?? [] {
                guard let parameter = function.parameter(key), parameter.takesInput else {
                    let known = function.parameters.filter(\.takesInput).map(\.name)
                    let clause = Suggestion.clause(for: key, in: known)
                    let name = Quotation.bare(key, longest: 80)
                    throw value.problem(.unknownParameter, "\(function.name) takes no value for \(name)\(clause)")
                }
                bindings[key] = try binding(value, steps, parameter)
            }
            let step = Step(name: name, function: function, bindings: bindings)
            try check(step, element, &members)
            steps.append(step)
        }
        guard !steps.isEmpty, steps.count <= 64 else {
            throw list.problem(.invalidValue, "a sequence has 1 to 64 steps")
        }
        return steps
    }

    private static func check(
        _ step: Step,
        _ place: Declaration,
        _ members: inout [String: Declaration]
    ) throws(ForeignProblem) {
        for parameter in step.function.parameters where parameter.takesInput {
            guard case .payload(let member) = step.binding(parameter) else { continue }
            guard !parameter.handleInput else {
                throw place.problem(.missingKey, "\(parameter.name) is a handle: bind it with {from: STEP.VALUE}")
            }
            guard members.updateValue(place, forKey: member) == nil else {
                let hint = "bind one with {payload: another_name}"
                throw place.problem(.duplicateName, "two arguments take the member \(member) of the payload: \(hint)")
            }
        }
    }

    private static func binding(
        _ declaration: Declaration,
        _ steps: [Step],
        _ parameter: Parameter
    ) throws(ForeignProblem) -> Binding {
        let (key, value) = try declaration.only()
        switch key {
        case "payload": return .payload(try value.name())
        case "const": return .constant(value.value)
        case "from":
            let text = try value.text()
            let parts = text.split(separator: ".").map(String.init)
            guard parts.count == 2, let step = steps.first(where: { $0.name == parts[0] }),
                step.function.gives(parts[1], asHandle: parameter.handleInput)
            else {
                throw value.problem(.unknownParameter, "\(Quotation.text(text)) is not what an earlier step gives")
            }
            return .result(step: parts[0], value: parts[1])
        default: throw value.problem(.unknownKey, "must be {from: STEP.VALUE}, {payload: NAME} or {const: VALUE}")
        }
    }
}

extension ForeignFunction {
    /// Whether its result holds a value by this name, or a handle.
    fileprivate func gives(_ name: String, asHandle: Bool) -> Bool {
        if name == "returns" { return returns.map { $0.holdsHandle == asHandle } ?? false }
        guard let parameter = parameter(name) else { return false }
        if case .reference(let type, let direction) = parameter.kind, type.holdsHandle {
            return asHandle && direction.gives
        }
        return !asHandle && parameter.givesOutput
    }
}
