package import ArgumentParser
internal import COstlerShims
internal import Glibc
internal import OstlerHost
internal import OstlerTasks

/// The command line.
package struct OstlerCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "ostler",
        abstract: "Runs tasks by executor plugins, each command in a sandbox of its own.",
        discussion: """
            Results go to stdout, everything else to stderr.

            Examples:
              ostler run command -- sha256sum /etc/passwd
              ostler run --file tasks.jsonl --jobs 2
              ostler doctor
            """,
        version: "ostler \(OstlerVersion.text)",
        subcommands: [
            RunCommand.self, ValidateCommand.self, PlanCommand.self, PluginCommand.self, HealthCommand.self,
            DoctorCommand.self,
        ]
    )

    package init() {}

    /// Parses the process's arguments, runs the command and ends the process with its exit code.
    package static func start() -> Never {
        StandardStreams.reserve()
        ostler_ignore_sigpipe()
        do {
            var command = try parseQuickly() ?? parseAsRoot(CommandWords.own)
            try command.run()
            Glibc.exit(0)
        } catch let code as ExitCode {
            Glibc.exit(code.rawValue)
        } catch {
            report(error)
        }
    }

    /// Parses the most frequent command by itself, which takes half the time of parsing from the root. What it does
    /// not take is parsed from the root, for the messages.
    private static func parseQuickly() throws -> (any ParsableCommand)? {
        guard CommandWords.own.first == "run" else { return nil }
        return try? RunCommand.parse(Array(CommandWords.own.dropFirst()))
    }

    /// Help and version are results; wrong usage is exit code 3, as all that is refused before it runs.
    private static func report(_ error: any Error) -> Never {
        let isSuccess = exitCode(for: error).isSuccess
        let text = fullMessage(for: error)
        let line = Array((text.hasSuffix("\n") ? text : text + "\n").utf8)
        _ = write(isSuccess ? 1 : 2, line, line.count)
        Glibc.exit(isSuccess ? 0 : Outcome.invalid.exitCode)
    }
}
