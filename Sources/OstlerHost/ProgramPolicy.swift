internal import Glibc
package import OstlerJSON
package import OstlerProtocol
package import OstlerSandbox

/// Judges a program by the allow and block lists, on the file that it resolves to.
package struct ProgramPolicy: Sendable {
    private let programs: SandboxPolicy.Programs
    private let allowedNames: [String]
    private let resolver = ProgramResolver()

    package init(_ programs: SandboxPolicy.Programs, allowedNames: [String]) {
        self.programs = programs
        self.allowedNames = allowedNames
    }

    /// Whether there is anything to judge by.
    package var hasRules: Bool { programs != SandboxPolicy.Programs() }

    /// Why a program may not be started; nil if nothing is said against it. Block lists come first.
    package func judge(_ name: String, at pointer: JSONPointer) -> Failure? {
        guard hasRules else { return nil }
        let program = resolver.resolve(name)
        let resolved = program.map { $0.path == name ? "" : " (\($0.path))" } ?? ""
        if let program, programs.blocked.contains(program.identity) {
            return denial("command \"\(name)\"\(resolved) is blocked", "take it out of blocked_commands", pointer)
        }
        guard let allowed = programs.allowed else { return nil }
        if let program, allowed.contains(program.identity) { return nil }
        return denial(
            "command \"\(name)\"\(resolved) is not in allowed list",
            allowedNames.isEmpty ? "nothing is allowed" : "allowed are: \(allowedNames.joined(separator: ", "))",
            pointer
        )
    }

    private func denial(_ message: String, _ hint: String, _ pointer: JSONPointer) -> Failure {
        Failure("command_denied", fault: .user, message: message, pointer: pointer, hint: hint)
    }
}
