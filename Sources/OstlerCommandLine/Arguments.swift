/// What a command line says to one command.
package struct Arguments: Sendable {
    /// The values of each option, by name, in their order; a flag that is there has an empty list.
    private var options: [String: [String]] = [:]
    /// All arguments that are told by their place.
    package private(set) var parameters: [String] = []
    /// Words that the command's own definition does not cover, in their order.
    package private(set) var members: [String] = []

    package init() {}

    /// Whether the option was given.
    package func has(_ option: CommandOption) -> Bool { options[option.name] != nil }

    /// The value that counts: the last.
    package func value(_ option: CommandOption) -> String? { options[option.name]?.last }

    /// All values, in their order.
    package func values(_ option: CommandOption) -> [String] { options[option.name] ?? [] }

    /// The argument at a place, counted from 0.
    package func parameter(_ index: Int) -> String? { index < parameters.count ? parameters[index] : nil }

    package var parameterCount: Int { parameters.count }

    /// The value as a whole number within bounds; nil if the option was not given.
    package func integer(_ option: CommandOption, in range: ClosedRange<Int>) throws(UsageError) -> Int? {
        guard let text = value(option) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw UsageError("--\(option.name) takes \(range.lowerBound) to \(range.upperBound), not '\(text)'")
        }
        return number
    }

    /// The value as one of a closed set of words; nil if the option was not given.
    package func choice<Choice: RawRepresentable & CaseIterable>(
        _ option: CommandOption,
        of type: Choice.Type
    ) throws(UsageError) -> Choice? where Choice.RawValue == String {
        guard let text = value(option) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let words = type.allCases.map(\.rawValue)
            throw UsageError("--\(option.name) '\(text)': write \(words.joined(separator: " or "))")
        }
        return choice
    }

    mutating func add(_ value: String?, to option: CommandOption) {
        options[option.name, default: []] += value.map { [$0] } ?? []
    }

    mutating func add(parameter: String) { parameters.append(parameter) }

    mutating func add(member: String) { members.append(member) }
}
