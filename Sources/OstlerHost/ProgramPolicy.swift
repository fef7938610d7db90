internal import OstlerConfig
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSandbox
internal import OstlerSystem

/// Judges a program by the allow and block lists, on the file that it resolves to, and its arguments by rules.
struct ProgramPolicy: Sendable {
    private let programs: ListedPrograms
    private let rules: ArgumentRules
    private let resolver = ProgramResolver()

    init(_ programs: ListedPrograms, _ config: HostConfig.Executor) {
        self.programs = programs
        rules = ArgumentRules(config.rules, allowedNames: config.allowedCommands ?? [])
    }

    /// Whether there is anything to judge by.
    var hasRules: Bool { !programs.lists.isEmpty || hasArgumentRules }
    /// Whether arguments are judged as well.
    var hasArgumentRules: Bool { !rules.isEmpty }

    /// Why a command line may not be started; nil if nothing is said against it. What blocks comes first.
    @LoopActor
    func judge(_ name: String, _ arguments: [String], at pointer: JSONPointer) -> Failure? {
        let program = resolver.resolve(name)
        if let failure = judge(name, program, at: pointer) { return failure }
        switch rules.judge(name, program?.identity, arguments) {
        case nil: return nil
        case .blocked(let rule):
            return denial("command \"\(name)\" with these arguments is blocked", "the rule \(rule) blocks it", pointer)
        case .notAllowed(let rules):
            return denial(
                "command \"\(name)\" with these arguments is not allowed",
                "allowed are: \(rules.joined(separator: ", "))",
                pointer
            )
        }
    }

    @LoopActor
    private func judge(_ name: String, _ program: ProgramResolver.Program?, at pointer: JSONPointer) -> Failure? {
        guard let fence = programs.current() else { return nil }
        let resolved = program.map { $0.path == name ? "" : " (\($0.path))" } ?? ""
        if let program, fence.identities.blocked.contains(program.identity) {
            return denial("command \"\(name)\"\(resolved) is blocked", "take it out of blocked_commands", pointer)
        }
        guard let allowed = fence.identities.allowed else { return nil }
        if let program, allowed.contains(program.identity) { return nil }
        if fence.lists.opensWork, program == nil, Self.isAtWork(name) { return nil }
        let names = fence.lists.allowed ?? []
        return denial(
            "command \"\(name)\"\(resolved) is not in allowed list",
            names.isEmpty ? "nothing is allowed" : "allowed are: \(names.joined(separator: ", "))",
            pointer
        )
    }

    /// Whether a name is a path in the work directory, as far as can be told without looking.
    private static func isAtWork(_ name: String) -> Bool {
        let parts = name.pathParts
        guard name.firstSlash != nil, !parts.contains("..") else { return false }
        return !name.isAbsolutePath || "/\(parts[0])" == SandboxPolicy.workPath
    }

    private func denial(_ message: String, _ hint: String, _ pointer: JSONPointer) -> Failure {
        Failure("command_denied", fault: .user, message: message, pointer: pointer, hint: hint)
    }
}
