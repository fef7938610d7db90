internal import OstlerSystem

/// Turns a policy into the ordered steps of a plan. It is pure: the same policy and layout give the same bytes, once the
/// policy's fence around programs has been loaded.
package struct Planner: Sendable {
    private let layout: HostLayout

    package init(layout: HostLayout) {
        self.layout = layout
    }

    package func plan(_ policy: SandboxPolicy) -> SandboxPlan {
        guard policy.profile.fence == .namespaces else { return SandboxPlan(steps: bare(policy)) }
        var steps: [PlanStep] = [.require(policy.required, best: policy.best)]
        if policy.network == .loopback { steps.append(.fence(.namespaces, loopback: true)) }
        if let fence = policy.programs { steps.append(.programs(fence.identities)) }
        steps += view(policy)
        steps += processes(policy)
        steps += SandboxSecret.steps(policy.secrets)
        if policy.asks(.landlock) { steps.append(.landlock(executable: executable(policy))) }
        return SandboxPlan(steps: steps)
    }

    // MARK: The view

    private func view(_ policy: SandboxPolicy) -> [PlanStep] {
        var steps = programs(policy)
        // Mere data: where there are lists, nothing of it can be executed.
        let fenced: BindFlags = policy.programs == nil ? [] : .noExecute
        steps += Self.etc(fenced)
        steps += [
            .directory("/tmp", mode: 0o1777), .directory("/var", mode: 0o755),
            .symlink(content: "/tmp", at: "/var/tmp"),
            .directory("/run", mode: 0o755), .devices, .symlink(content: "/tmp", at: "/dev/shm"),
        ]
        // Before what the sandbox mounts for itself, that would hide them.
        let path = SandboxPolicy.workPath
        let inTmp = policy.binds.filter { $0.target.hasPrefix("/tmp/") }
        let inWork = policy.binds.filter { $0.target.hasPrefix(path + "/") }
        let others = policy.binds.filter { !inTmp.contains($0) && !inWork.contains($0) }
        steps += others.map { bind($0, fenced) }
        steps.append(.proc("/proc"))
        if !policy.binds.contains(where: { $0.target == "/tmp" }) {
            steps.append(.tmpfs("/tmp", size: policy.limits.temporary, mode: 0o1777, flags: fenced))
        }
        steps += inTmp.map { bind($0, fenced) }
        let atWork: BindFlags = policy.programs?.lists.opensWork == true ? [] : fenced
        if let work = policy.workDirectory {
            steps.append(.bind(source: work.source, target: path, flags: flags(work).union(atWork)))
        } else {
            steps.append(.tmpfs(path, size: policy.limits.temporary, mode: 0o755, flags: atWork))
        }
        return steps + inWork.map { bind($0, fenced) } + [.workDirectory(policy.directory ?? path)]
    }

    private func bind(_ bind: SandboxPolicy.Bind, _ more: BindFlags) -> PlanStep {
        .bind(source: bind.source, target: bind.target, flags: flags(bind).union(more))
    }

    /// With what is mounted below: the kernel does not let an ordinary user look under a mount.
    private func flags(_ bind: SandboxPolicy.Bind) -> BindFlags {
        var flags: BindFlags = bind.isWritable ? [.noLinks, .recursive] : [.readOnly, .noLinks, .recursive]
        if bind.mapsOwner { flags.insert(.mapsOwner) }
        if bind.isOptional { flags.formUnion([.optional, .each]) }
        return flags
    }

    // MARK: Programs

    private func programs(_ policy: SandboxPolicy) -> [PlanStep] {
        guard let fence = policy.programs else { return allPrograms }
        let content = fence.load()
        if let closure = content.closure { return only(closure) }
        return allPrograms + content.masks.map { .mask($0.path, $0.stamp.identity) }
            + content.witnesses.map { .witness($0.path, $0.stamp) }
    }

    private var allPrograms: [PlanStep] {
        var steps: [PlanStep] = [.bind(source: "/usr", target: "/usr", flags: [.readOnly, .recursive])]
        for (name, entry) in layout.rootEntries {
            switch entry {
            case .symlink(let content): steps.append(.symlink(content: content, at: "/" + name))
            case .directory:
                steps.append(.bind(source: "/" + name, target: "/" + name, flags: [.readOnly, .recursive]))
            }
        }
        return steps + [.bind(source: "/etc/alternatives", target: "/etc/alternatives", flags: [.readOnly, .optional])]
    }

    /// Whole directories come first: what lies in them is there already.
    private func only(_ closure: ProgramClosure) -> [PlanStep] {
        var steps: [PlanStep] = []
        for case (let name, .symlink(let content)) in layout.rootEntries {
            steps.append(.symlink(content: content, at: "/" + name))
        }
        steps += ProgramClosure.data.map {
            .bind(source: $0, target: $0, flags: [.readOnly, .recursive, .noExecute, .optional])
        }
        steps += closure.directories.map { .bind(source: $0.path, target: $0.path, flags: [.readOnly, .recursive]) }
        for (path, content) in closure.links.sorted(by: { $0.key < $1.key }) {
            guard !ProgramClosure.isData(path), !closure.holdsWhole(path) else { continue }
            steps.append(.symlink(content: content, at: path))
        }
        for file in closure.files where !closure.holdsWhole(file.path) {
            steps.append(.hostFile(source: file.path, target: file.path, stamp: file.stamp, program: file.program))
        }
        return steps
    }

    /// The places of the view where execution is allowed; nil for all.
    private func executable(_ policy: SandboxPolicy) -> [String]? {
        guard let fence = policy.programs, !fence.lists.opensWork else { return nil }
        guard let closure = fence.load().closure else {
            return ["/usr"] + layout.rootEntries.filter { $0.entry == .directory }.map { "/" + $0.name }
        }
        return closure.files.filter(\.isExecutable).map(\.path)
            + closure.directories.filter(\.isExecutable).map(\.path)
    }

    /// Only what programs need to find libraries, names and the time; nothing of the machine's accounts.
    private static func etc(_ flags: BindFlags) -> [PlanStep] {
        var steps: [PlanStep] = [
            .file(
                "/etc/passwd",
                content: "ostler:x:1000:1000:ostler:/work:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"
            ),
            .file("/etc/group", content: "ostler:x:1000:\nnogroup:x:65534:\n"),
            .file("/etc/hosts", content: "127.0.0.1 localhost\n::1 localhost\n"),
            .file("/etc/nsswitch.conf", content: "passwd: files\ngroup: files\nhosts: files\n"),
        ]
        for path in ["/etc/ld.so.cache", "/etc/localtime"] {
            steps.append(.bind(source: path, target: path, flags: flags.union([.readOnly, .optional])))
        }
        return steps
    }

    // MARK: The processes

    private func processes(_ policy: SandboxPolicy) -> [PlanStep] {
        policy.environment.map(PlanStep.environment) + [.hostname("ostler")] + limits(policy)
            + [.seccomp(policy.programs == nil ? .strict : .noMemoryFiles)]
    }

    private func limits(_ policy: SandboxPolicy) -> [PlanStep] {
        var steps: [PlanStep] = []
        let limits = policy.limits
        // A core size of 0 does not keep the host's core handler from being run, as root and outside; 1 does.
        steps += [
            .rlimit(.openFiles, limits.openFiles), .rlimit(.coreSize, 1), .rlimit(.messageQueues, 0),
            .rlimit(.lockedMemory, 64 << 10), .rlimit(.nice, 0), .rlimit(.realtimePriority, 0),
        ]
        if let cpu = limits.cpuSeconds { steps.append(.rlimit(.cpuSeconds, cpu)) }
        if let size = limits.fileSize { steps.append(.rlimit(.fileSize, size)) }
        return steps + [.limits(memory: limits.memory ?? 0, processes: limits.processes ?? 0)]
    }

    // MARK: Without namespaces

    /// There is no view: what may be seen of the host is a matter of rules, or everything.
    private func bare(_ policy: SandboxPolicy) -> [PlanStep] {
        let fence = policy.profile.fence
        var steps: [PlanStep] = [
            .require(policy.required, best: policy.best), .fence(fence, loopback: false),
        ]
        if let programs = policy.programs { steps.append(.programs(programs.identities)) }
        if fence == .contained { steps += rules(policy) }
        steps += policy.environment.map(PlanStep.environment)
        steps += SandboxSecret.steps(policy.secrets.filter { $0.variable != nil })
        if let directory = policy.directory { steps.append(.workDirectory(directory)) }
        return fence == .contained ? steps + limits(policy) + [.seccomp(.contained)] : steps
    }

    /// The same of the host as a view has, and nothing of its accounts.
    private func rules(_ policy: SandboxPolicy) -> [PlanStep] {
        let programs = ["/usr"] + layout.rootEntries.filter { $0.entry == .directory }.map { "/" + $0.name }
        var steps: [PlanStep] = programs.map { .rule($0, [.read, .execute]) }
        let data = [
            "/etc/alternatives", "/etc/ld.so.cache", "/etc/localtime", "/etc/nsswitch.conf", "/proc", "/dev/random",
            "/dev/urandom",
        ]
        steps += data.map { .rule($0, [.read, .optional]) }
        steps += ["/dev/null", "/dev/zero", "/dev/full"].map { .rule($0, [.read, .write, .control]) }
        let binds = policy.binds + (policy.workDirectory.map { [$0] } ?? [])
        return steps
            + binds.map { bind in
                var rights: RuleRights = [.read, .execute]
                if bind.isWritable { rights.insert(.write) }
                if bind.isOptional { rights.insert(.optional) }
                return .rule(bind.source, rights)
            }
    }
}
