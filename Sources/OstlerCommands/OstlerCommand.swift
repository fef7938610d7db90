internal import COstlerShims
internal import Glibc
internal import OstlerCommandLine
internal import OstlerHost
internal import OstlerProtocol
internal import OstlerTasks

/// The command line.
package enum OstlerCommand {
    static let spec: CommandSpec = {
        var spec = CommandSpec("ostler", "Runs tasks by executor plugins, each command in a sandbox of its own.")
        spec.details = ["Results go to stdout, everything else to stderr."]
        spec.synopsis = ["COMMAND …"]
        spec.examples = [
            "ostler run command -- sha256sum /etc/passwd", "ostler run --file tasks.jsonl --jobs 2", "ostler doctor",
        ]
        spec.subcommands = [
            RunCommand.spec, ValidateCommand.spec, PlanCommand.spec, ApplyCommand.spec, SubmitCommand.spec,
            WorkerCommand.spec,
            TasksCommand.spec, ExplainCommand.spec, QueueCommand.spec, HistoryCommand.spec, CollectCommand.spec,
            APICommand.spec, PluginCommand.spec, HealthCommand.spec,
            SandboxCommand.spec, DoctorCommand.spec, ConfigCommand.spec, CompletionsCommand.spec, ManualCommand.spec,
        ]
        return spec
    }()

    static let version = "ostler \(OstlerVersion.text)"

    /// Does what the process's arguments ask for, and ends the process with the exit code.
    package static func start() -> Never {
        StandardStreams.reserve()
        StandardStreams.reserve()
        ostler_ignore_sigpipe()
        if CommandWords.own.first == CompletionsCommand.query { Glibc.exit(CompletionsCommand.answer()) }
        var path = [spec]
        do {
            let words = CommandWords.own
            switch try CommandParser.parse(words, root: spec, hasCommandLine: CommandWords.hasTerminator) {
            case .version: try Results.write(version + "\n")
            case .help(let commands, let arguments): try Results.write(help(commands, arguments))
            case .run(let commands, let arguments):
                path = commands
                guard let action = commands.last?.action else { break }
                Log.set(action: commands.dropFirst().map(\.name).joined(separator: " "))
                Glibc.exit(try action(arguments))
            }
            Glibc.exit(0)
        } catch let exit as Exit {
            Glibc.exit(exit.code)
        } catch let failure as Failure {
            Log.failure(failure)
            Glibc.exit(failure.exitCode)
        } catch let error as UsageError {
            Log.usage(error, running: path)
        } catch {
            Log.error("\(error)")
        }
        Glibc.exit(Outcome.invalid.exitCode)
    }

    /// The help of a command; for one executor with the members of its payload.
    private static func help(_ path: [CommandSpec], _ arguments: Arguments) -> String {
        let members = path.last?.takesMembers == true ? ExecutorMembers.section(for: arguments) : nil
        return HelpText(path, width: Terminal.width).text(extra: members.map { [$0] } ?? [])
    }
}
