internal import ArgumentParser
internal import OstlerCatalog
internal import OstlerHost
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSandbox
internal import OstlerSystem
internal import OstlerTasks

/// `ostler plan`: what `run` would do: which plugin, which sandbox, which command line.
struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Shows which plugin, which sandbox and which command line a task would get, without running it.",
        discussion: """
            Examples:
              ostler plan command -- sha256sum /etc/passwd
              ostler plan command --command ls --json

            Exit codes: 0 it may run, 3 it is refused.
            """
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var task: TaskOptions

    func validate() throws {
        guard task.file == nil else { throw ValidationError("plan takes one task; see `ostler validate --file`") }
    }

    func run() throws {
        let composition = try Composition(global)
        let settings = try task.settings(composition)
        let spec = try SingleRun.makeSpec(task, composition, isJSON: global.json)
        let options = self
        throw ExitCode(EventLoop.shared.run { options.plan(spec, settings) })
    }

    @LoopActor
    private func plan(_ spec: TaskSpec, _ settings: HostSettings) -> Int32 {
        let host = Host(settings)
        let problems = host.problems(of: spec)
        guard problems.isEmpty, let executor = settings.catalog.executor(named: spec.executor) else {
            for problem in problems { Diagnostics.failure(problem) }
            return Outcome.invalid.exitCode
        }
        let provider = host.provider
        let isLaunching = executor.plugin.manifest.needs.launch
        let policy =
            isLaunching
            ? provider.policy(for: spec, executor: executor.name) : provider.policy(for: executor.plugin)
        let plan = TaskPlan(
            spec: spec,
            plugin: executor.plugin,
            policy: policy,
            steps: provider.planner.plan(policy).steps,
            isOwnSandbox: isLaunching,
            argv: Self.argv(spec, executor)
        )
        print(global.json ? plan.json : plan.text, terminator: global.json ? "\n" : "")
        return 0
    }

    /// The command line of a payload whose schema says where it stands, with the program as it resolves.
    private static func argv(_ spec: TaskSpec, _ executor: CatalogExecutor) -> [String]? {
        guard let names = executor.executor.payload.source["x-ostler-argv"]?.array?.compactMap(\.string),
            names.count == 2,
            let payload = try? JSONValue(parsing: spec.payload), let program = payload[names[0]]?.string
        else { return nil }
        let resolved = ProgramResolver().resolve(program)?.path ?? program
        return [resolved] + (payload[names[1]]?.array ?? []).map { $0.string ?? $0.text }
    }
}

/// What is shown of a plan.
struct TaskPlan {
    let spec: TaskSpec
    let plugin: InstalledPlugin
    let policy: SandboxPolicy
    let steps: [PlanStep]
    let isOwnSandbox: Bool
    let argv: [String]?

    var text: String {
        var lines = [
            "task      \(spec.id)",
            "executor  \(spec.executor)",
            "plugin    \(plugin.manifest.name) \(plugin.manifest.version) in \(plugin.directory)",
        ]
        if let argv { lines.append("argv      " + argv.map(Self.quoted).joined(separator: " ")) }
        if let timeout = spec.timeout { lines.append("timeout   \(DurationText.text(milliseconds: timeout))") }
        lines.append(
            "sandbox   \(policy.profile.rawValue), " + (isOwnSandbox ? "one for each command" : "the plugin's own")
        )
        lines.append("required  " + names(policy.required))
        lines.append("best      " + names(policy.best))
        lines += steps.compactMap(\.summary).map { "  " + $0 }
        return lines.map { $0 + "\n" }.joined()
    }

    private func names(_ layers: SandboxLayers) -> String {
        SandboxLayer.allCases.filter { layers.contains($0) }.map(\.name).joined(separator: " ")
    }

    private static func quoted(_ word: String) -> String {
        let isPlain = !word.isEmpty && word.allSatisfy { $0.isLetter || $0.isNumber || "-_./=:@%+,".contains($0) }
        return isPlain
            ? word : "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }

    var json: String {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("task")
        writer.string(spec.id)
        writer.key("executor")
        writer.string(spec.executor)
        writer.key("plugin")
        writer.beginObject()
        writer.key("name")
        writer.string(plugin.manifest.name)
        writer.key("version")
        writer.string(plugin.manifest.version)
        writer.key("directory")
        writer.string(plugin.directory)
        writer.endObject()
        if let argv {
            writer.key("argv")
            writer.beginArray()
            for word in argv { writer.string(word) }
            writer.endArray()
        }
        writer.key("sandbox")
        writer.beginObject()
        writer.key("profile")
        writer.string(policy.profile.rawValue)
        writer.key("required")
        list(SandboxLayer.allCases.filter { policy.required.contains($0) }.map(\.name), &writer)
        writer.key("best")
        list(SandboxLayer.allCases.filter { policy.best.contains($0) }.map(\.name), &writer)
        writer.key("steps")
        list(steps.compactMap(\.summary), &writer)
        writer.endObject()
        writer.endObject()
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private func list(_ words: [String], _ writer: inout JSONWriter) {
        writer.beginArray()
        for word in words { writer.string(word) }
        writer.endArray()
    }
}

extension PlanStep {
    /// One line for people; nil for what is told elsewhere.
    var summary: String? {
        switch self {
        case .require: nil
        case .directory(let path, _): "directory \(path)"
        case .bind(let source, let target, let flags):
            "bind \(source) at \(target)" + (flags.contains(.readOnly) ? " read-only" : " writable")
        case .symlink(let content, let path): "link \(path) to \(content)"
        case .file(let path, _): "file \(path)"
        case .devices: "devices null zero full random urandom tty"
        case .proc(let path): "proc at \(path)"
        case .tmpfs(let path, let size, _, _): "tmpfs at \(path), \(SizeText.text(bytes: Int64(clamping: size)))"
        case .workDirectory(let path): "work directory \(path)"
        case .environment(let pair): "environment \(pair)"
        case .hostname(let name): "host name \(name)"
        case .rlimit(let resource, let value): "limit \(resource) \(value)"
        case .limits(let memory, let processes):
            "limit memory \(SizeText.text(bytes: Int64(clamping: memory))), processes \(processes)"
        case .seccomp: "system call filter"
        case .programs(let programs):
            "programs: " + (programs.allowed.map { "\($0.count) allowed" } ?? "all allowed")
                + ", \(programs.blocked.count) blocked"
        }
    }
}
