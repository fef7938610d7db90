import OstlerProtocol
import OstlerTasks

/// A machine in which each answer is given, and which remembers what it was asked.
final class FakeProbe: GuardProbe {
    var paths: Set<String>
    /// What a command ends with, by its text; a command that is not here cannot be started.
    var exitCodes: [String: Int32]
    private(set) var asked: [String] = []

    init(paths: Set<String> = [], exitCodes: [String: Int32] = [:]) {
        (self.paths, self.exitCodes) = (paths, exitCodes)
    }

    static let cannotStart = Failure("guard_not_started", fault: .task, message: "there is no such program")

    func exists(_ path: String) async throws(Failure) -> Bool {
        asked.append("creates")
        return paths.contains(path)
    }

    func run(_ command: GuardCommand) async throws(Failure) -> Int32 {
        asked.append(command.text)
        guard let code = exitCodes[command.text] else { throw Self.cannotStart }
        return code
    }
}
