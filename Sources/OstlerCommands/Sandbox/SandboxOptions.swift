internal import OstlerCatalog
internal import OstlerCommandLine
internal import OstlerConfig
internal import OstlerHost
internal import OstlerJSON
internal import OstlerSandbox
internal import OstlerTasks

/// What the commands of `ostler sandbox` have in common: which sandbox. What is said here wins over the configuration.
struct SandboxOptions: Sendable {
    private enum Option {
        static let readOnly = CommandOption.values(
            "ro",
            "PATH",
            "A file or directory to see where it is.",
            completion: .file
        )
        static let writable = CommandOption.values("rw", "PATH", "The same, to be written too.", completion: .file)
        static let workdir = CommandOption.value(
            "workdir",
            "DIR",
            "A directory that becomes the work directory /work, writable.",
            completion: .directory
        )
        static let environment = CommandOption.values("env", "KEY=VALUE", "A variable of the environment.")
        static let profile = CommandOption.value(
            "profile",
            "NAME",
            "The sandbox profile, with a fence that is no weaker than the config's.",
            completion: .lookup(Lookups.profiles)
        )
        static let limits = CommandOption.values(
            "limit",
            "NAME=VALUE",
            "A limit: \(SandboxLimitOption.names.joined(separator: ", ")).",
            completion: .oneOf(SandboxLimitOption.names.map { $0 + "=" })
        )
        static let network = CommandOption.value(
            "network",
            "NAME",
            "The network inside: none, or loopback.",
            completion: .oneOf(networks.map(\.rawValue))
        )
        static let networks: [EffectivePolicy.Network] = [.none, .loopback]
        static let required = CommandOption.values(
            "require",
            "LAYER",
            "A layer of isolation to insist on.",
            completion: .oneOf(SandboxLayer.allCases.map(\.name))
        )
        static let allowed = CommandOption.values(
            "allow",
            "PROGRAM",
            "A program that may be executed; no other then is."
        )
        static let blocked = CommandOption.values("block", "PROGRAM", "A program that may not be executed.")
    }

    static let sections = [
        CommandSpec.Section("What it sees", [Option.readOnly, Option.writable, Option.workdir, Option.environment]),
        CommandSpec.Section(
            "What it may do",
            [Option.profile, Option.network, Option.limits, Option.required, Option.allowed, Option.blocked]
        ),
    ]

    /// The executor whose lists of programs hold here, too.
    static let executor = "command"

    let binds: [SandboxPolicy.Bind]
    let workDirectory: SandboxPolicy.Bind?
    let environment: [(key: String, value: String)]
    let profile: String?
    let network: EffectivePolicy.Network?
    let limits: [SandboxLimit: Int64?]
    let required: SandboxLayers
    let allowed: [String]
    let blocked: [String]

    init(_ arguments: Arguments) throws(UsageError) {
        let hasWorkDirectory = arguments.has(Option.workdir)
        let readOnly = try arguments.values(Option.readOnly).map { (path) throws(UsageError) in
            try SandboxGrant.bind(path, isWritable: false, option: "--ro", hasWorkDirectory: hasWorkDirectory)
        }
        let writable = try arguments.values(Option.writable).map { (path) throws(UsageError) in
            try SandboxGrant.bind(path, isWritable: true, option: "--rw", hasWorkDirectory: hasWorkDirectory)
        }
        binds = try SandboxGrant.ordered(readOnly + writable)
        workDirectory = try arguments.value(Option.workdir).map { (path) throws(UsageError) in
            try SandboxGrant.workDirectory(path)
        }
        environment = try arguments.values(Option.environment).map { (text) throws(UsageError) in
            try TaskOptions.pair(text, "--env")
        }
        profile = arguments.value(Option.profile)
        network = try arguments.value(Option.network).map { (name) throws(UsageError) in try Self.network(name) }
        var limits: [SandboxLimit: Int64?] = [:]
        for text in arguments.values(Option.limits) {
            let option = try SandboxLimitOption(text)
            limits.updateValue(option.value, forKey: option.limit)
        }
        self.limits = limits
        required = SandboxLayers(
            try arguments.values(Option.required).map { (name) throws(UsageError) in try TaskOptions.layer(name) }
        )
        allowed = arguments.values(Option.allowed)
        blocked = arguments.values(Option.blocked)
    }

    private static func network(_ name: String) throws(UsageError) -> EffectivePolicy.Network {
        guard let network = Option.networks.first(where: { $0.rawValue == name }) else {
            let known = Option.networks.map(\.rawValue)
            throw UsageError("--network: unknown network \"\(name)\"\(Suggestion.clause(for: name, in: known))")
        }
        return network
    }

    /// What a host is made from, without plugins.
    func settings(_ context: RunContext) -> HostSettings {
        var settings = context.settings(catalog: .empty)
        settings.profile = profile
        settings.profileMayGrant = true
        settings.network = network
        settings.limits = limits
        var lists = settings.config.executor(named: Self.executor)
        // An allow list of the command line is another one; a block list adds to that of the configuration.
        if !allowed.isEmpty { lists.allowedCommands = allowed }
        lists.blockedCommands += blocked
        settings.config.executors[Self.executor] = lists
        settings.taskBinds = binds
        settings.workDirectory = workDirectory
        settings.required = required
        return settings
    }

    /// The sandbox as the host of tasks sees it: that of a task of the executor `command`.
    var spec: TaskSpec {
        var spec = TaskSpec(id: "sandbox", executor: Self.executor, payload: [])
        spec.environment = environment
        return spec
    }

    /// `KEY=VALUE`, over what the sandbox has of its own.
    var variables: [String] { environment.map { "\($0.key)=\($0.value)" } }

    /// Where a command begins: in the caller's own directory if that is to be seen inside, else where the sandbox says.
    func startDirectory(_ policy: EffectivePolicy) -> String? {
        guard workDirectory == nil else { return nil }
        if let directory = policy.directory { return directory }
        let here = Composition.workingDirectory
        return binds.contains { SandboxGrant.holds($0.target, here) } ? here : nil
    }
}
