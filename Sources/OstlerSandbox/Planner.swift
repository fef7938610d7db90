/// Turns a policy into the ordered steps of a plan. It is pure: the same policy and layout give the same bytes.
package struct Planner: Sendable {
    private let layout: HostLayout

    package init(layout: HostLayout) {
        self.layout = layout
    }

    package func plan(_ policy: SandboxPolicy) -> SandboxPlan {
        var steps: [PlanStep] = [.require(policy.required, best: policy.best)]
        steps += view(policy)
        steps += processes(policy)
        return SandboxPlan(steps: steps)
    }

    // MARK: The view

    private func view(_ policy: SandboxPolicy) -> [PlanStep] {
        var steps: [PlanStep] = [.bind(source: "/usr", target: "/usr", flags: [.readOnly, .recursive])]
        for (name, entry) in layout.rootEntries {
            switch entry {
            case .symlink(let content): steps.append(.symlink(content: content, at: "/" + name))
            case .directory:
                steps.append(.bind(source: "/" + name, target: "/" + name, flags: [.readOnly, .recursive]))
            }
        }
        steps += Self.etc
        steps += [
            .directory("/tmp", mode: 0o1777), .directory("/var", mode: 0o755),
            .symlink(content: "/tmp", at: "/var/tmp"),
            .directory("/run", mode: 0o755), .devices, .symlink(content: "/tmp", at: "/dev/shm"),
        ]
        let late = policy.binds.filter { $0.target.hasPrefix("/tmp/") }
        steps += policy.binds.filter { !$0.target.hasPrefix("/tmp/") }.map(bind)
        steps += [
            .proc("/proc"),
            .tmpfs("/tmp", size: policy.limits.temporary, mode: 0o1777, flags: []),
        ]
        // Before it they would be hidden by it.
        steps += late.map(bind)
        if let work = policy.workDirectory {
            steps.append(.bind(source: work.source, target: SandboxPolicy.workPath, flags: flags(work)))
        } else {
            steps.append(.tmpfs(SandboxPolicy.workPath, size: policy.limits.temporary, mode: 0o755, flags: []))
        }
        return steps + [.workDirectory(SandboxPolicy.workPath)]
    }

    private func bind(_ bind: SandboxPolicy.Bind) -> PlanStep {
        .bind(source: bind.source, target: bind.target, flags: flags(bind))
    }

    private func flags(_ bind: SandboxPolicy.Bind) -> BindFlags {
        var flags: BindFlags = bind.isWritable ? [] : .readOnly
        if bind.mapsOwner { flags.insert(.mapsOwner) }
        return flags
    }

    /// Only what programs need to find libraries, names and the time; nothing of the machine's accounts.
    private static let etc: [PlanStep] = [
        .file(
            "/etc/passwd",
            content: "ostler:x:1000:1000:ostler:/work:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"
        ),
        .file("/etc/group", content: "ostler:x:1000:\nnogroup:x:65534:\n"),
        .file("/etc/hosts", content: "127.0.0.1 localhost\n::1 localhost\n"),
        .file("/etc/nsswitch.conf", content: "passwd: files\ngroup: files\nhosts: files\n"),
        .bind(source: "/etc/alternatives", target: "/etc/alternatives", flags: [.readOnly, .optional]),
        .bind(source: "/etc/ld.so.cache", target: "/etc/ld.so.cache", flags: [.readOnly, .optional]),
        .bind(source: "/etc/localtime", target: "/etc/localtime", flags: [.readOnly, .optional]),
    ]

    // MARK: The processes

    private func processes(_ policy: SandboxPolicy) -> [PlanStep] {
        var steps = policy.environment.map(PlanStep.environment)
        steps.append(.hostname("ostler"))
        let limits = policy.limits
        // A core size of 0 does not keep the host's core handler from being run, as root and outside; 1 does.
        steps += [
            .rlimit(.openFiles, limits.openFiles), .rlimit(.coreSize, 1), .rlimit(.messageQueues, 0),
            .rlimit(.lockedMemory, 64 << 10), .rlimit(.nice, 0), .rlimit(.realtimePriority, 0),
        ]
        if let cpu = limits.cpuSeconds { steps.append(.rlimit(.cpuSeconds, cpu)) }
        if let size = limits.fileSize { steps.append(.rlimit(.fileSize, size)) }
        steps.append(.limits(memory: limits.memory ?? 0, processes: limits.processes ?? 0))
        steps.append(.seccomp)
        if policy.programs != SandboxPolicy.Programs() { steps.append(.programs(policy.programs)) }
        return steps
    }
}
