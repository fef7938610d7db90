package import OstlerJSON

/// What `ostler.yaml` says, with the defaults for what it does not say.
///
/// ```yaml
/// include: [parts/team.yaml]        # files that this one is laid over
/// executors:
///   command:
///     enabled: true
///     allowed_commands: [ls, cat]   # absent: any
///     blocked_commands: [rm]
///     rules: [{block: [git, push], match: ["git push origin"]}]
///     bundles: [python3]            # what allowed programs load by themselves
///     exec_workdir: false
///     # other keys are the plugin's, and are checked by its config_schema
/// plugins: {allow: ["*"], block: []}
/// sandbox:
///   profile: strict                 # workspace, contained, host, or one of profiles
///   profiles: {build: {extends: workspace, rw: [~/.cache/build], network: loopback, limits: {memory: 4GiB}}}
///   allow_contained: false
///   allow_host: false
///   uid_range: {first: 200000, count: 4096}
///   limits: {memory: 1GiB, processes: 256, open_files: 256, tmp: 64MiB, output: 64MiB, cpu: none, file_size: none}
/// tasks: {timeout: none, queued_timeout: 30s, run_timeout: none, grace: 5s, start_timeout: 10s}
/// store: {path: ~/tasks.db, capacity: 100000, retention: {age: 30d, count: none, size: none}, record_runs: false}
/// secrets: {db: {file: /etc/keys/db}, api: {command: [pass, show, api]}, token: {env: TOKEN}}
/// log: {level: info, format: text}
/// ```
package struct HostConfig: Sendable {
    /// What the host itself knows of an executor's section.
    package struct Executor: Sendable, Equatable {
        package var enabled = true
        /// Programs that may be started; nil for any.
        package var allowedCommands: [String]?
        /// Programs that may not be started.
        package var blockedCommands: [String] = []
        /// How command lines must or must not begin.
        package var rules: [CommandRule] = []
        /// What allowed programs load by themselves, by name or path.
        package var bundles: [String] = []
        /// The bundles that sandboxes know.
        package static let bundleNames = ["gconv", "git", "nss", "perl", "python3"]
        /// Whether what a task makes in its work directory may be executed although there are lists.
        package var executesWorkDirectory = false
        /// The other keys; the plugin's `config_schema` judges them, and the plugin gets them.
        package var settings = JSONObject()

        package init() {}
    }

    /// Which plugins are used, as globs over their names; `block` wins.
    package struct Plugins: Sendable, Equatable {
        package var allow = ["*"]
        package var block: [String] = []

        package init(allow: [String] = ["*"], block: [String] = []) {
            self.allow = allow
            self.block = block
        }
    }

    /// How sandboxes are built unless a task asks for less.
    package struct Sandbox: Sendable, Equatable {
        /// A base, or one of ``profiles``.
        package var profile = BaseProfile.strict.rawValue
        /// The profiles that the file defines, by name.
        package var profiles: [String: Profile] = [:]
        /// Whether `--profile` may name what is contained without namespaces.
        package var allowContained = false
        /// Whether there may be no sandbox at all.
        package var allowHost = false
        package var uidRange = UIDRange()
        package var limits = Limits()

        package init() {}
    }

    /// The user ids that sandboxes run under when the host is root.
    package struct UIDRange: Sendable, Equatable {
        package var first: UInt32 = 200_000
        package var count: UInt32 = 4096

        package init() {}
    }

    /// What a sandbox may use; nil for no limit. Sizes are in bytes.
    package struct Limits: Sendable, Equatable {
        package var memory: Int64 = 1 << 30
        package var processes = 256
        package var openFiles = 256
        package var tmp: Int64 = 64 << 20
        package var output: Int64 = 64 << 20
        package var cpuMilliseconds: Int64?
        package var fileSize: Int64?

        package init() {}

        /// The value of a limit in its own unit; nil for none.
        package subscript(limit: SandboxLimit) -> Int64? {
            get {
                switch limit {
                case .memory: memory
                case .processes: Int64(processes)
                case .openFiles: Int64(openFiles)
                case .tmp: tmp
                case .output: output
                case .cpu: cpuMilliseconds
                case .fileSize: fileSize
                }
            }
            set {
                switch limit {
                case .memory: memory = newValue ?? memory
                case .processes: processes = newValue.map { Int($0) } ?? processes
                case .openFiles: openFiles = newValue.map { Int($0) } ?? openFiles
                case .tmp: tmp = newValue ?? tmp
                case .output: output = newValue ?? output
                case .cpu: cpuMilliseconds = newValue
                case .fileSize: fileSize = newValue
                }
            }
        }
    }

    /// How long things may take.
    package struct Tasks: Sendable, Equatable {
        /// Nil for no limit.
        package var timeoutMilliseconds: Int64?
        /// The same for tasks that are handed to a queue; nil for ``timeoutMilliseconds``.
        package var queuedTimeoutMilliseconds: Int64? = 30_000
        /// Of the time from when an executor gets the task; nil for no limit.
        package var runTimeoutMilliseconds: Int64?
        /// From SIGTERM to SIGKILL.
        package var graceMilliseconds: Int64 = 5_000
        /// From the start of a plugin to its answer.
        package var startTimeoutMilliseconds: Int64 = 10_000

        package init() {}
    }

    /// How much is told on stderr; each level includes those before it.
    package enum LogLevel: String, Sendable, CaseIterable, Comparable {
        case error
        case warning
        case info
        case debug

        /// Reads a level; `warn` is another word for `warning`.
        package init?(rawValue: String) {
            let word = rawValue == "warn" ? "warning" : rawValue
            guard let level = Self.allCases.first(where: { $0.rawValue == word }) else { return nil }
            self = level
        }

        package static func < (left: LogLevel, right: LogLevel) -> Bool { left.rank < right.rank }

        private var rank: Int {
            switch self {
            case .error: 0
            case .warning: 1
            case .info: 2
            case .debug: 3
            }
        }
    }

    /// How it is written there.
    package enum LogFormat: String, Sendable, CaseIterable {
        /// As a program talks to whoever has typed its command line.
        case plain
        /// A line for each thing, with time, level, and what it is about.
        case text
        /// An object for each thing.
        case json
    }

    /// What is told on stderr, and how.
    package struct Log: Sendable, Equatable {
        package var level = LogLevel.info
        package var format = LogFormat.plain

        package init() {}
    }

    package var executors: [String: Executor] = [:]
    package var plugins = Plugins()
    package var sandbox = Sandbox()
    package var tasks = Tasks()
    package var store = Store()
    package var secrets: [String: SecretSource] = [:]
    package var log = Log()
    /// The text that was read; nil if there was no file.
    package private(set) var document: YAMLDocument?

    /// The defaults.
    package init() {}

    /// Reads the text of a configuration file.
    package init(parsing bytes: [UInt8], file: String) throws(ConfigFailure) {
        let document: YAMLDocument
        do throws(ConfigError) {
            document = try YAMLDocument(parsing: bytes, file: file)
        } catch {
            throw ConfigFailure(error)
        }
        try self.init(document)
    }

    /// Reads text; see ``init(parsing:file:)-([UInt8],_)``.
    package init(parsing text: String, file: String) throws(ConfigFailure) {
        try self.init(parsing: Array(text.utf8), file: file)
    }

    /// Reads a document.
    package init(_ document: YAMLDocument) throws(ConfigFailure) {
        let log = ProblemLog(document)
        self.document = document
        let keys = ["include", "executors", "plugins", "sandbox", "tasks", "store", "secrets", "log"]
        if let members = log.root.members(keys) {
            // Where it stands for something it has been replaced by what it stands for.
            members["include"]?.report(.unsupported, "include is for configuration files only", atKey: true)
            executors = members["executors"].map(Executor.all) ?? [:]
            plugins = members["plugins"].map(Plugins.init(reading:)) ?? plugins
            sandbox = members["sandbox"].map(Sandbox.init(reading:)) ?? sandbox
            tasks = members["tasks"].map(Tasks.init(reading:)) ?? tasks
            store = members["store"].map(Store.init(reading:)) ?? store
            secrets = members["secrets"].map(SecretSource.all) ?? [:]
            self.log = members["log"].map(Log.init(reading:)) ?? self.log
        }
        try log.finish()
    }

    /// The section of an executor, or its defaults.
    package func executor(named name: String) -> Executor {
        executors[name] ?? Executor()
    }

    /// The executors that the file switches off.
    package var disabledExecutors: Set<String> {
        Set(executors.filter { !$0.value.enabled }.keys)
    }
}
