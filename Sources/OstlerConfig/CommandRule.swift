internal import OstlerJSON

/// A rule about the command line of a task: the program and how its arguments must begin.
package struct CommandRule: Sendable, Equatable {
    /// What follows if a command line begins as the rule says.
    package enum Decision: String, Sendable, CaseIterable {
        case allow
        case block
    }

    package let decision: Decision
    /// The program, by name or path.
    package let program: String
    /// For each of the first arguments the words that it may be.
    package let arguments: [Set<String>]
    /// The rule as it was written, for messages.
    package let text: String

    package init(_ decision: Decision, program: String, arguments: [Set<String>], text: String) {
        self.decision = decision
        self.program = program
        self.arguments = arguments
        self.text = text
    }

    /// Whether the arguments begin as the rule says.
    package func covers(_ given: some Collection<String>) -> Bool {
        given.count >= arguments.count && zip(arguments, given).allSatisfy { $0.contains($1) }
    }

    /// Whether the words of an example do, the program taken by its name.
    func covers(example words: [String]) -> Bool {
        words.first == program && covers(words.dropFirst())
    }
}

extension CommandRule {
    /// Reads a rule and tries it on its examples: one that does not do what its writer thought is refused.
    init?(reading reader: ValueReader) {
        guard let members = reader.members(["allow", "block", "match", "not_match"]) else { return nil }
        let decisions = Decision.allCases.filter { members[$0.rawValue] != nil }
        guard decisions.count == 1, let decision = decisions.first, let pattern = members[decision.rawValue] else {
            reader.report(.invalidValue, "\(reader.name) must have either \"allow\" or \"block\"")
            return nil
        }
        guard let words = pattern.elements()?.map({ $0.alternatives() }), let first = words.first else {
            pattern.report(.invalidValue, "\(pattern.name) must be a list that begins with a program")
            return nil
        }
        guard first.count == 1, let program = first.first else {
            pattern.report(.invalidValue, "\(pattern.name) must begin with one program, as text")
            return nil
        }
        let rest = words.dropFirst()
        guard rest.allSatisfy({ !$0.isEmpty }) else { return nil }
        self.init(decision, program: program, arguments: rest.map(Set.init), text: Self.text(words))
        for example in members["match"]?.elements() ?? [] where !covers(example: example.words()) {
            example.report(.invalidValue, "the rule \(text) does not match \(example.value.summary)")
        }
        for example in members["not_match"]?.elements() ?? [] where covers(example: example.words()) {
            example.report(.invalidValue, "the rule \(text) matches \(example.value.summary), which it must not")
        }
    }

    private static func text(_ words: [[String]]) -> String {
        "\"" + words.map { $0.count == 1 ? $0[0] : "(" + $0.joined(separator: "|") + ")" }.joined(separator: " ") + "\""
    }
}

extension ValueReader {
    /// One word, or a list of the words that may stand in its place.
    fileprivate func alternatives() -> [String] {
        if value.array != nil { return elements()?.compactMap { $0.text() } ?? [] }
        return text().map { [$0] } ?? []
    }

    /// The words of an example: a list, or text that is split at spaces.
    fileprivate func words() -> [String] {
        if value.array != nil { return elements()?.compactMap { $0.text() } ?? [] }
        return string()?.split(separator: " ").map(String.init) ?? []
    }
}

extension HostConfig.Executor {
    /// Programs that are allowed with some arguments, in the order of the rules, each once.
    package var programsOfAllowRules: [String] {
        var seen = Set(allowedCommands ?? [])
        return rules.filter { $0.decision == .allow && seen.insert($0.program).inserted }.map(\.program)
    }
}
