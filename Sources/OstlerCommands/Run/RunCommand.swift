internal import ArgumentParser
internal import OstlerHost
internal import OstlerSystem
internal import Synchronization

/// `ostler run`: one task inline, or many from a file.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Runs one task, or many from a file, and tells what became of them.",
        discussion: """
            Examples:
              ostler run command -- sh -c 'id; ls /'
              ostler run command --command ls --args=-la --json
              ostler run command --payload '{"command": "cat", "stdin": "hello"}'
              ostler run --file tasks.jsonl --jobs 2 > results.jsonl

            Exit codes: 0 succeeded, 1 failed, 2 mixed, 3 refused, 4 timed out, 5 sandbox or executor at fault,
            128+n interrupted by signal n.
            """
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var task: TaskOptions

    @Option(name: .long, help: ArgumentHelp("How many tasks of a file run at once.", valueName: "n"))
    var jobs: Int?

    @Flag(name: .long, help: "Results of a file in its order.")
    var ordered = false

    @Flag(name: .long, help: "Run what is right in a file even if other lines are wrong.")
    var keepGoing = false

    @Option(name: .long, help: ArgumentHelp("Pass on the task's own exit code: --exit-code task.", valueName: "task"))
    var exitCode: ExitCodePolicy?

    @Flag(name: .long, help: "Tell on stderr how long each phase took.")
    var timings = false

    @Flag(name: .long, help: "Do not pass stdin on to the task.")
    var noStdin = false

    @Flag(name: .long, help: "Say nothing on stderr but errors.")
    var quiet = false

    enum ExitCodePolicy: String, ExpressibleByArgument {
        case task
    }

    func validate() throws {
        guard jobs.map({ $0 > 0 && $0 <= 1024 }) ?? true else { throw ValidationError("--jobs takes 1 to 1024") }
        guard task.file != nil || (!ordered && !keepGoing && jobs == nil) else {
            throw ValidationError("--jobs, --ordered and --keep-going belong to --file")
        }
    }

    func run() throws {
        let phases = Phases(isOn: timings)
        let composition = try Composition(global)
        let settings = try task.settings(composition)
        phases.mark("config and catalog")
        let code: Int32
        if task.file != nil {
            let options = self
            code = EventLoop.shared.run { await FileRun(options, composition, settings).run() }
        } else {
            let single = try SingleRun(self, composition, settings, phases)
            code = EventLoop.shared.run { await single.run() }
        }
        phases.report()
        throw ExitCode(code)
    }
}

/// How long the phases of a command took.
final class Phases: Sendable {
    private let marks: Mutex<[(name: String, at: Instant)]>
    private let isOn: Bool

    init(isOn: Bool) {
        self.isOn = isOn
        marks = Mutex(isOn ? [("start", .now)] : [])
    }

    func mark(_ name: String) {
        if isOn { marks.withLock { $0.append((name, .now)) } }
    }

    func report() {
        let marks = marks.withLock { $0 }
        guard isOn, let first = marks.first, let last = marks.last else { return }
        for (before, after) in zip(marks, marks.dropFirst()) {
            line(after.name, after.at.microseconds(since: before.at))
        }
        line("total", last.at.microseconds(since: first.at))
    }

    private func line(_ name: String, _ microseconds: Int64) {
        Diagnostics.line(name + String(repeating: " ", count: max(1, 32 - name.count)) + "\(microseconds) us")
    }
}
