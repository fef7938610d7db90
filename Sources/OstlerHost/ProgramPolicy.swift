package import OstlerJSON
package import OstlerProtocol
internal import OstlerSandbox
internal import OstlerSystem

/// Judges a program by the allow and block lists, on the file that it resolves to.
package struct ProgramPolicy: Sendable {
    private let programs: ListedPrograms
    private let allowedNames: [String]
    private let resolver = ProgramResolver()

    package init(_ programs: ListedPrograms, allowedNames: [String]) {
        self.programs = programs
        self.allowedNames = allowedNames
    }

    /// Whether there is anything to judge by.
    package var hasRules: Bool { !programs.lists.isEmpty }

    /// Why a program may not be started; nil if nothing is said against it. Block lists come first.
    @LoopActor
    package func judge(_ name: String, at pointer: JSONPointer) -> Failure? {
        guard let fence = programs.current() else { return nil }
        let program = resolver.resolve(name)
        let resolved = program.map { $0.path == name ? "" : " (\($0.path))" } ?? ""
        if let program, fence.identities.blocked.contains(program.identity) {
            return denial("command \"\(name)\"\(resolved) is blocked", "take it out of blocked_commands", pointer)
        }
        guard let allowed = fence.identities.allowed else { return nil }
        if let program, allowed.contains(program.identity) { return nil }
        if fence.lists.opensWork, program == nil, Self.isAtWork(name) { return nil }
        return denial(
            "command \"\(name)\"\(resolved) is not in allowed list",
            allowedNames.isEmpty ? "nothing is allowed" : "allowed are: \(allowedNames.joined(separator: ", "))",
            pointer
        )
    }

    /// Whether a name is a path in the work directory, as far as can be told without looking.
    private static func isAtWork(_ name: String) -> Bool {
        let parts = name.split(separator: "/")
        guard name.contains("/"), !parts.contains("..") else { return false }
        return !name.hasPrefix("/") || "/\(parts[0])" == SandboxPolicy.workPath
    }

    private func denial(_ message: String, _ hint: String, _ pointer: JSONPointer) -> Failure {
        Failure("command_denied", fault: .user, message: message, pointer: pointer, hint: hint)
    }
}
