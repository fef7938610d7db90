internal import Glibc
internal import OstlerCommandLine
internal import OstlerHost
internal import OstlerJSON
internal import OstlerSandbox
internal import OstlerSystem
internal import OstlerTasks

/// What `run`, `validate` and `plan` have in common: which task or tasks.
struct TaskOptions: Sendable {
    private enum Option {
        static let payload = CommandOption.value(
            "payload",
            "JSON|@FILE|-",
            "The payload: here, from a file, from stdin."
        )
        static let file = CommandOption.value("file", "FILE|-", "Many tasks: a JSON object a line.", completion: .file)
        static let id = CommandOption.value("id", "ID", "The task's id; t1 if it is not given.")
        static let timeout = CommandOption.value("timeout", "30s", "How long the task may take.")
        static let runTimeout = CommandOption.value(
            "run-timeout",
            "30s",
            "How long it may take once its plugin is ready."
        )
        static let environment = CommandOption.values("env", "KEY=VALUE", "A variable of the task's environment.")
        static let environmentMode = CommandOption.value(
            "env-mode",
            "MODE",
            "What the environment starts from: minimal or clean.",
            completion: .oneOf(["minimal", "clean"])
        )
        static let secrets = CommandOption.values(
            "secret",
            "NAME[=VARIABLE]",
            "A secret of the configuration, as /run/secrets/NAME or in a variable."
        )
        static let labels = CommandOption.values("label", "KEY=VALUE", "A label of the task.")
        static let workdir = CommandOption.value(
            "workdir",
            "DIR",
            "A directory that becomes the work directory.",
            completion: .directory
        )
        static let inputs = CommandOption.values(
            "in",
            "PATH",
            "A file or directory to see at /in/NAME.",
            completion: .file
        )
        static let outputs = CommandOption.values(
            "out",
            "DIR",
            "A directory to write to at /out/NAME.",
            completion: .directory
        )
        static let profile = CommandOption.value(
            "profile",
            "NAME",
            "The sandbox profile: no wider than the config's.",
            completion: .lookup(Lookups.profiles)
        )
        static let required = CommandOption.values(
            "require",
            "LAYER",
            "A layer of isolation to insist on.",
            completion: .oneOf(SandboxLayer.allCases.map(\.name))
        )
        static let strict = CommandOption.flag("strict", "End a plugin at its first line on stdout that is no message.")
    }

    static let executorParameter = CommandParameter(
        "EXECUTOR",
        "Who does it. The members of its payload are options too: --MEMBER VALUE.",
        isRequired: false,
        completion: .lookup(Lookups.executors)
    )

    static let sections = [
        CommandSpec.Section(
            "The task",
            [Option.payload, Option.file, Option.id, Option.timeout, Option.runTimeout, Option.labels]
        ),
        CommandSpec.Section(
            "What it sees",
            [
                Option.environment, Option.environmentMode, Option.secrets, Option.inputs, Option.outputs,
                Option.workdir, Option.profile, Option.required, Option.strict,
            ]
        ),
        GuardOptions.section,
    ]

    /// What is kept with a task in a queue: nothing that binds it to the place where it was submitted.
    static let queuedSections = [
        sections[0],
        CommandSpec.Section(
            "What it sees",
            [Option.environment, Option.environmentMode, Option.secrets, Option.profile]
        ),
        GuardOptions.section,
    ]

    /// The ways to say which task it is.
    static let synopsis = ["EXECUTOR [OPTIONS] [--MEMBER VALUE…] [-- ARGV…]", "--file FILE|- [OPTIONS]"]

    let executor: String?
    let payload: String?
    let file: String?
    let givenID: String?
    let timeout: Int64?
    let runTimeout: Int64?
    let environment: [(key: String, value: String)]
    let environmentMode: TaskSpec.EnvironmentMode?
    let secrets: [SecretGrant]
    let labels: [(key: String, value: String)]
    let workdir: String?
    let inputs: [String]
    let outputs: [String]
    let profile: String?
    let required: SandboxLayers
    let isStrict: Bool
    private let guards: GuardOptions
    /// Options that are members of the payload, as they were written.
    let members: [String]
    /// What stood behind `--`: a command line for the executor.
    let argv: [[UInt8]]

    init(_ arguments: Arguments) throws(UsageError) {
        executor = arguments.parameter(0)
        payload = arguments.value(Option.payload)
        file = arguments.value(Option.file)
        givenID = arguments.value(Option.id)
        timeout = try Self.milliseconds(Option.timeout, arguments)
        runTimeout = try Self.milliseconds(Option.runTimeout, arguments)
        environment = try arguments.values(Option.environment).map { (text) throws(UsageError) in
            try Self.pair(text, "--env")
        }
        environmentMode = try arguments.choice(Option.environmentMode, of: TaskSpec.EnvironmentMode.self)
        secrets = try arguments.values(Option.secrets).map { (text) throws(UsageError) in try Self.secret(text) }
        labels = try arguments.values(Option.labels).map { (text) throws(UsageError) in
            try Self.pair(text, "--label")
        }
        workdir = arguments.value(Option.workdir)
        inputs = arguments.values(Option.inputs)
        outputs = arguments.values(Option.outputs)
        profile = arguments.value(Option.profile)
        required = SandboxLayers(
            try arguments.values(Option.required).map { (name) throws(UsageError) in try Self.layer(name) }
        )
        isStrict = arguments.has(Option.strict)
        guards = try GuardOptions(arguments)
        members = arguments.members
        argv = CommandWords.behindTerminator
        try check()
    }

    var id: String { givenID ?? "t1" }

    // MARK: Checks and parts

    private func check() throws(UsageError) {
        guard file != nil || executor != nil else {
            throw UsageError("name an executor, or give --file; `ostler plugin list` shows the executors")
        }
        guard file == nil || (executor == nil && payload == nil && argv.isEmpty && members.isEmpty) else {
            throw UsageError("--file brings its own executors and payloads")
        }
    }

    static func milliseconds(_ option: CommandOption, _ arguments: Arguments) throws(UsageError) -> Int64? {
        guard let text = arguments.value(option) else { return nil }
        do throws(UnitTextError) {
            let milliseconds = try DurationText.milliseconds(text)
            if milliseconds > 0 { return milliseconds }
        } catch {
            throw UsageError("--\(option.name): \(error)")
        }
        throw UsageError("--\(option.name) must be longer than 0")
    }

    static func layer(_ name: String) throws(UsageError) -> SandboxLayer {
        guard let layer = SandboxLayer(name: name) else {
            let known = SandboxLayer.allCases.map(\.name)
            throw UsageError("--require: unknown layer \"\(name)\"\(Suggestion.clause(for: name, in: known))")
        }
        return layer
    }

    private static func secret(_ text: String) throws(UsageError) -> SecretGrant {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let variable = parts.count > 1 ? parts[1] : nil
        guard !parts[0].isEmpty, variable.map(SecretGrant.isVariable) ?? true else {
            throw UsageError("--secret \(text): write it as NAME or NAME=VARIABLE")
        }
        return SecretGrant(parts[0], variable: variable)
    }

    static func pair(
        _ text: String,
        _ option: String,
        form: String = "KEY=VALUE"
    ) throws(UsageError) -> (key: String, value: String) {
        guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
            throw UsageError("\(option) \(text): write it as \(form)")
        }
        return (String(text[..<equals]), String(text[text.index(after: equals)...]))
    }

    /// The settings of a host for these tasks.
    func settings(_ composition: Composition) throws(UsageError) -> HostSettings {
        var settings = composition.settings
        settings.isStrict = isStrict
        settings.workDirectory = try workdir.map { (path) throws(UsageError) in
            try bind(path, Option.workdir, at: SandboxPolicy.workPath, isWritable: true)
        }
        settings.taskBinds = try inputs.map { (path) throws(UsageError) in
            try bind(path, Option.inputs, at: "/in/" + Self.name(of: path), isWritable: false)
        }
        settings.taskBinds += try outputs.map { (path) throws(UsageError) in
            try bind(path, Option.outputs, at: "/out/" + Self.name(of: path), isWritable: true)
        }
        try Self.checkTargets(settings.taskBinds)
        settings.profile = profile
        settings.required = required
        return settings
    }

    /// One of two things at the same place would hide the other.
    private static func checkTargets(_ binds: [SandboxPolicy.Bind]) throws(UsageError) {
        var known: [String: String] = [:]
        for bind in binds {
            guard let other = known.updateValue(bind.source, forKey: bind.target) else { continue }
            throw UsageError("\(other) and \(bind.source) would both be \(bind.target): give one of them another name")
        }
    }

    private static func name(of path: String) -> String {
        path.pathParts.last.map(String.init) ?? "root"
    }

    private func bind(
        _ path: String,
        _ option: CommandOption,
        at target: String,
        isWritable: Bool
    ) throws(UsageError) -> SandboxPolicy.Bind {
        guard let resolved = realpath(path, nil) else {
            throw UsageError("--\(option.name) \(path): \(String(cString: strerror(errno)))")
        }
        defer { free(resolved) }
        let source = String(cString: resolved)
        var status = stat()
        guard stat(source, &status) == 0, !isWritable || status.st_mode & S_IFMT == S_IFDIR else {
            throw UsageError("--\(option.name) \(path): it is not a directory")
        }
        // Root's own files are shown to the sandbox's user as its own.
        let mapsOwner = geteuid() == 0 && status.st_uid == 0
        return SandboxPolicy.Bind(source: source, target: target, isWritable: isWritable, mapsOwner: mapsOwner)
    }

    /// What the options say of a task, laid over it.
    func apply(to spec: inout TaskSpec) {
        if let timeout { spec.timeout = timeout }
        if let runTimeout { spec.runTimeout = runTimeout }
        spec.environment += environment
        spec.secrets += secrets.filter { !spec.secrets.contains($0) }
        spec.labels += labels
        if let environmentMode { spec.environmentMode = environmentMode }
        guards.apply(to: &spec)
    }
}
