internal import OstlerCommandLine
internal import OstlerSystem
internal import OstlerTasks

/// `ostler sandbox run`: one command in a sandbox of its own, as if it had been started directly.
struct SandboxRunCommand: Sendable {
    private enum Option {
        static let timeout = CommandOption.value(
            "timeout",
            "30s",
            "How long the command may take; for ever if not given."
        )
        static let pty = CommandOption.flag("pty", "A terminal of its own, also where stdin or stdout is none.")
        static let noPty = CommandOption.flag("no-pty", "The caller's terminal itself, with nothing in between.")
        static let report = CommandOption.value(
            "report",
            "FILE",
            "Write into FILE how it ended and what was enforced, as JSON.",
            completion: .file
        )
        static let timings = CommandOption.flag("timings", "Tell on stderr how long each phase took.")
    }

    static let spec: CommandSpec = {
        var spec = CommandSpec("run", "Runs a command in a sandbox of its own.")
        spec.details = [
            "The command has the caller's stdin, stdout and stderr, and its exit code is passed on. On a terminal it gets a "
                + "terminal of its own, through which it cannot reach the caller's. Nothing of the host is seen but /usr and "
                + "what --ro and --rw name. --json puts the report of --report on stderr, as the last line."
        ]
        spec.synopsis = ["[OPTIONS] -- PROGRAM [ARGUMENT…]"]
        spec.sections =
            SandboxOptions.sections + [
                .init("How it runs", [Option.timeout, Option.pty, Option.noPty, Option.report, Option.timings]),
                GlobalOptions.sectionWithoutPlugins,
            ]
        spec.takesCommandLine = true
        spec.examples = [
            "ostler sandbox run -- sh -c 'id; ls /'", "ostler sandbox run --rw . --limit memory=2GiB -- make",
            "curl -s https://example.org/x.json | ostler sandbox run --allow jq -- jq .name",
        ]
        spec.exitCodes = [
            .init("N", "the command's own, or 128+n if signal n ended it"), .init("3", "refused, nothing was run"),
            .init("4", "timed out"), .init("5", "no sandbox could be built, nothing was run"),
            .init("126", "the program cannot be executed"), .init("127", "there is no such program"),
        ]
        spec.action = { try SandboxRunCommand($0).run() }
        return spec
    }()

    let global: GlobalOptions
    let sandbox: SandboxOptions
    /// In milliseconds.
    let timeout: Int64?
    /// Whether the command gets a terminal of its own; nil where that depends on stdin and stdout.
    let wantsTerminal: Bool?
    let report: String?
    let argv: [[UInt8]]
    private let isTimed: Bool

    private init(_ arguments: Arguments) throws(UsageError) {
        global = try GlobalOptions(arguments)
        sandbox = try SandboxOptions(arguments)
        timeout = try TaskOptions.milliseconds(Option.timeout, arguments)
        let (pty, noPty) = (arguments.has(Option.pty), arguments.has(Option.noPty))
        guard !pty || !noPty else { throw UsageError("--pty or --no-pty, not both") }
        wantsTerminal = pty ? true : noPty ? false : nil
        report = arguments.value(Option.report)
        isTimed = arguments.has(Option.timings)
        argv = CommandWords.behindTerminator
        guard !argv.isEmpty else { throw UsageError("name the command behind --, as in: ostler sandbox run -- ls /") }
    }

    private func run() throws -> Int32 {
        let phases = Phases(isOn: isTimed)
        let context = try RunContext(global)
        let settings = sandbox.settings(context)
        let sink = try SandboxReportSink(file: report, toStderr: global.json)
        phases.mark("configuration")
        let options = self
        let result = EventLoop.shared.run { await SandboxRun(options, settings, phases).run() }
        result.tell()
        phases.report()
        try sink.write(result)
        return result.exitCode
    }
}
