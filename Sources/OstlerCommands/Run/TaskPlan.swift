internal import OstlerCatalog
internal import OstlerHost
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSandbox
internal import OstlerSystem
internal import OstlerTasks
internal import OstlerTrust

/// What is shown of a plan.
struct TaskPlan {
    private let spec: TaskSpec
    private let decision: PlannedDecision
    private let plugin: InstalledPlugin
    private let policy: SandboxPolicy
    private let steps: [PlanStep]
    private let isOwnSandbox: Bool
    private let argv: [String]?

    @LoopActor
    init(
        _ spec: TaskSpec,
        _ decision: PlannedDecision,
        _ executor: CatalogExecutor,
        _ provider: SandboxProvider
    ) throws(Failure) {
        (self.spec, self.decision) = (spec, decision)
        plugin = executor.plugin
        isOwnSandbox = plugin.permissions.launch
        policy =
            isOwnSandbox ? try provider.policy(for: spec, executor: executor.name) : provider.policy(for: plugin)
        steps = provider.planner.plan(policy).steps
        argv = Self.argv(spec, executor)
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

    private static func limit(_ milliseconds: Int64?) -> String {
        milliseconds.map { DurationText.text(milliseconds: $0) } ?? "none"
    }

    var text: String {
        var lines = [
            "task      \(spec.id)",
            "executor  \(spec.executor)",
            "plugin    \(plugin.manifest.name) \(plugin.manifest.version) in \(plugin.directory)",
        ]
        if let argv { lines.append("argv      " + argv.map(Self.quoted).joined(separator: " ")) }
        if let timeout = spec.timeout { lines.append("timeout   \(Self.limit(timeout))") }
        if let timeout = spec.runTimeout { lines.append("run time  \(Self.limit(timeout))") }
        if let guards = spec.guards { lines += guards.lines.map { "guard     " + $0 } }
        lines.append("decision  " + Quotation.bare(decision.text, longest: 2000))
        lines.append(
            "sandbox   \(policy.name), " + (isOwnSandbox ? "one for each command" : "the plugin's own")
        )
        lines.append("required  " + names(policy.required))
        lines.append("best      " + names(policy.best))
        lines += steps.compactMap(\.summary).map { "  " + $0 }
        if let closure {
            let bundles = closure.bundles.isEmpty ? "" : ", bundles: \(closure.bundles.joined(separator: " "))"
            lines.append("closure   \(closure.files.count) files\(bundles)")
            lines += closure.problems.map { "missing   " + $0 }
        }
        return lines.map { $0 + "\n" }.joined()
    }

    /// What there is of programs, if only some are allowed.
    private var closure: ProgramClosure? { policy.programs?.load().closure }

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
            writer.strings(argv)
        }
        if let guards = spec.guards {
            writer.key("guards")
            guards.encode(into: &writer)
        }
        writer.key("decision")
        decision.encode(into: &writer)
        writer.key("sandbox")
        writer.beginObject()
        writer.key("profile")
        writer.string(policy.name)
        writer.key("required")
        list(SandboxLayer.allCases.filter { policy.required.contains($0) }.map(\.name), &writer)
        writer.key("best")
        list(SandboxLayer.allCases.filter { policy.best.contains($0) }.map(\.name), &writer)
        writer.key("steps")
        list(steps.compactMap(\.summary), &writer)
        if let closure {
            writer.key("closure")
            writer.beginObject()
            writer.key("files")
            list(closure.files.map(\.path), &writer)
            writer.key("bundles")
            list(closure.bundles, &writer)
            writer.key("missing")
            list(closure.problems, &writer)
            writer.endObject()
        }
        writer.endObject()
        writer.endObject()
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private func list(_ words: [String], _ writer: inout JSONWriter) {
        writer.strings(words)
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
                + (flags.contains(.noExecute) ? " noexec" : "")
        case .symlink(let content, let path): "link \(path) to \(content)"
        case .file(let path, _): "file \(path)"
        case .devices: "devices null zero full random urandom tty"
        case .proc(let path): "proc at \(path)"
        case .tmpfs(let path, let size, _, let flags):
            "tmpfs at \(path), \(SizeText.text(bytes: Int64(clamping: size)))"
                + (flags.contains(.noExecute) ? ", noexec" : "")
        case .secrets(let path, _): "tmpfs at \(path), read-only, for secrets"
        case .secret(let secret): "\(secret)"
        case .workDirectory(let path): "work directory \(path)"
        case .environment(let pair): "environment \(pair)"
        case .hostname(let name): "host name \(name)"
        case .rlimit(let resource, let value): "limit \(resource) \(value)"
        case .limits(let memory, let processes):
            "limit memory \(SizeText.text(bytes: Int64(clamping: memory))), processes \(processes)"
        case .seccomp(.strict): "system call filter"
        case .seccomp(.noMemoryFiles): "system call filter without memory files"
        case .seccomp(.contained): "system call filter without sockets"
        case .fence(.namespaces, let loopback): loopback ? "loopback network" : nil
        case .fence(.contained, _): "no namespaces"
        case .fence(.none, _): "no sandbox"
        case .rule(let path, let rights):
            "rule for \(path): read" + (rights.contains(.execute) ? ", execute" : "")
                + (rights.contains(.write) ? ", write" : "")
        case .programs(let programs):
            "programs: " + (programs.allowed.map { "\($0.count) allowed" } ?? "all allowed")
                + ", \(programs.blocked.count) blocked"
        case .hostFile(_, let target, _, let program): (program == nil ? "file of the closure " : "program ") + target
        case .mask(let path, _): "hidden \(path)"
        case .witness(let path, _): "must not change \(path)"
        case .landlock(let executable):
            "Landlock" + (executable.map { ", \($0.count) places where execution is allowed" } ?? "")
        }
    }
}
