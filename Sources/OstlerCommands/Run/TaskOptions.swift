internal import ArgumentParser
internal import Glibc
internal import OstlerConfig
internal import OstlerHost
internal import OstlerJSON
internal import OstlerSandbox
internal import OstlerTasks

/// What `run`, `validate` and `plan` have in common: which task or tasks.
struct TaskOptions: ParsableArguments {
    @Argument(
        help: ArgumentHelp("The executor. Its payload's members are flags: --FIELD VALUE.", valueName: "executor")
    )
    var executor: String?

    @Option(
        name: .long,
        help: ArgumentHelp("The payload as JSON, from a file, or from stdin.", valueName: "json|@file|-")
    )
    var payload: String?

    @Option(name: .long, help: ArgumentHelp("Many tasks: a JSON object a line.", valueName: "file|-"))
    var file: String?

    @Option(name: .long, help: ArgumentHelp("The task's id.", valueName: "id"))
    var id: String = "t1"

    @Option(name: .long, help: ArgumentHelp("How long the task may take.", valueName: "30s"))
    var timeout: String?

    @Option(
        name: .customLong("env"),
        help: ArgumentHelp("A variable of the task's environment.", valueName: "key=value")
    )
    var environment: [String] = []

    @Option(name: .long, help: ArgumentHelp("What the environment starts from: minimal or clean.", valueName: "mode"))
    var envMode: String?

    @Option(name: .customLong("label"), help: ArgumentHelp("A label of the task.", valueName: "key=value"))
    var labels: [String] = []

    @Option(name: .long, help: ArgumentHelp("A directory that becomes the work directory.", valueName: "dir"))
    var workdir: String?

    @Option(name: .customLong("in"), help: ArgumentHelp("A file or directory to see at /in/NAME.", valueName: "path"))
    var inputs: [String] = []

    @Option(name: .customLong("out"), help: ArgumentHelp("A directory to write to at /out/NAME.", valueName: "dir"))
    var outputs: [String] = []

    @Option(name: .customLong("require"), help: ArgumentHelp("A layer of isolation to insist on.", valueName: "layer"))
    var required: [String] = []

    @Flag(name: .long, help: "End a plugin at its first line on stdout that is no answer.")
    var strict = false

    @Argument(parsing: .allUnrecognized, help: .hidden)
    var fields: [String] = []

    /// What stood behind `--`: a command line for the executor.
    var argv: [[UInt8]] { CommandWords.behindTerminator }

    // MARK: Checks and parts

    func validate() throws {
        guard file != nil || executor != nil else {
            throw ValidationError("name an executor, or give --file; `ostler plugin list` shows the executors")
        }
        guard file == nil || (executor == nil && payload == nil && argv.isEmpty) else {
            throw ValidationError("--file brings its own executors and payloads")
        }
    }

    /// The settings of a host for these tasks.
    func settings(_ composition: Composition) throws -> HostSettings {
        var settings = composition.settings
        settings.isStrict = strict
        settings.workDirectory = try workdir.map {
            try bind($0, at: SandboxPolicy.workPath, isWritable: true, "--workdir")
        }
        settings.taskBinds = try inputs.map { try bind($0, at: "/in/" + Self.name(of: $0), isWritable: false, "--in") }
        settings.taskBinds += try outputs.map {
            try bind($0, at: "/out/" + Self.name(of: $0), isWritable: true, "--out")
        }
        for name in required {
            guard let layer = SandboxLayer(name: name) else {
                let known = SandboxLayer.allCases.map(\.name)
                throw ValidationError("unknown layer \"\(name)\"\(Suggestion.clause(for: name, in: known))")
            }
            settings.required.insert(SandboxLayers([layer]))
        }
        return settings
    }

    private static func name(of path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? "root"
    }

    private func bind(
        _ path: String,
        at target: String,
        isWritable: Bool,
        _ option: String
    ) throws -> SandboxPolicy.Bind {
        guard let resolved = realpath(path, nil) else {
            throw ValidationError("\(option) \(Quotation.bare(path)): \(String(cString: strerror(errno)))")
        }
        defer { free(resolved) }
        let source = String(cString: resolved)
        var status = stat()
        guard stat(source, &status) == 0, !isWritable || status.st_mode & S_IFMT == S_IFDIR else {
            throw ValidationError("\(option) \(Quotation.bare(path)) is not a directory")
        }
        // Root's own files are shown to the sandbox's user as its own.
        let mapsOwner = geteuid() == 0 && status.st_uid == 0
        return SandboxPolicy.Bind(source: source, target: target, isWritable: isWritable, mapsOwner: mapsOwner)
    }

    /// What the options say of a task, laid over it.
    func apply(to spec: inout TaskSpec) throws {
        if let timeout {
            let milliseconds: Int64
            do {
                milliseconds = try DurationText.milliseconds(timeout)
            } catch {
                throw ValidationError("--timeout: \(error)")
            }
            guard milliseconds > 0 else { throw ValidationError("--timeout must be longer than 0") }
            spec.timeout = milliseconds
        }
        spec.environment += try environment.map { try Self.pair($0, "--env") }
        spec.labels += try labels.map { try Self.pair($0, "--label") }
        guard let envMode else { return }
        guard let mode = TaskSpec.EnvironmentMode(rawValue: envMode) else {
            throw ValidationError("--env-mode \(envMode): it is minimal or clean")
        }
        spec.environmentMode = mode
    }

    static func pair(_ text: String, _ option: String) throws -> (key: String, value: String) {
        guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
            throw ValidationError("\(option) \(text): write it as KEY=VALUE")
        }
        return (String(text[..<equals]), String(text[text.index(after: equals)...]))
    }
}
