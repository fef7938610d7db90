internal import OstlerConfig
internal import OstlerHost
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSandbox
internal import OstlerSystem
internal import OstlerTasks

/// What is in force for a sandbox, line by line, and who said so.
struct SandboxExplanation {
    /// One line.
    struct Line: Sendable, Equatable {
        let subject: String
        let value: String
        let origin: String
    }

    let lines: [Line]
    /// Where what the command line grants comes from, and the lists of programs.
    private let origins: [String: String]
    let profile: String
    private let lists: String

    @LoopActor
    init(_ options: SandboxOptions, _ context: RunContext, _ provider: SandboxProvider) throws(Failure) {
        let effective = try provider.effective(for: options.spec.sandbox)
        let policy = try provider.policy(for: options.spec, executor: SandboxOptions.executor)
        let programs = Self.programs(options, context.config)
        profile = "profile \(effective.profile.value)"
        lists = programs.map(\.origin).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
            .joined(separator: ", ")
        var origins: [String: String] = [:]
        for grant in effective.grants { origins[grant.value.path] = grant.origin.description }
        for bind in options.binds { origins[bind.target] = bind.isWritable ? "--rw" : "--ro" }
        if let bind = options.workDirectory { origins[bind.target] = "--workdir" }
        self.origins = origins
        var lines = effective.lines.map { line in
            Line(subject: line.subject, value: line.value, origin: line.origin.description)
        }
        lines += Self.given(options)
        lines += programs
        for layer in SandboxLayer.allCases {
            let isRequired = policy.required.contains(layer)
            guard isRequired || policy.best.contains(layer) else { continue }
            let origin = options.required.contains(layer) ? "--require" : "profile \(effective.base.rawValue)"
            lines.append(
                Line(subject: "layer", value: layer.name + (isRequired ? " required" : " best"), origin: origin)
            )
        }
        self.lines = lines
    }

    /// What the command line grants.
    private static func given(_ options: SandboxOptions) -> [Line] {
        var lines = options.binds.map { bind in
            let source = bind.source == bind.target ? "" : " (\(bind.source))"
            let name = bind.isWritable ? "rw" : "ro"
            return Line(subject: name, value: bind.target + source, origin: "--" + name)
        }
        if let bind = options.workDirectory {
            lines.append(Line(subject: "workdir", value: bind.source, origin: "--workdir"))
        }
        for (key, value) in options.environment {
            lines.append(Line(subject: "env", value: "\(key)=\(value)", origin: "--env"))
        }
        return lines
    }

    /// The lists of programs, each part where it was said.
    private static func programs(_ options: SandboxOptions, _ config: HostConfig) -> [Line] {
        let lists = config.executor(named: SandboxOptions.executor)
        let place = JSONPointer("/executors").member(SandboxOptions.executor)
        func line(_ key: String, _ value: String) -> Line {
            Line(subject: key, value: value, origin: config.origin(of: place.member(key)).description)
        }
        func words(_ list: [String]) -> String { list.isEmpty ? "none" : list.joined(separator: ", ") }
        var lines: [Line] = []
        if !options.allowed.isEmpty {
            lines.append(Line(subject: "allowed_commands", value: words(options.allowed), origin: "--allow"))
        } else if let allowed = lists.allowedCommands {
            lines.append(line("allowed_commands", words(allowed)))
        }
        if !lists.blockedCommands.isEmpty { lines.append(line("blocked_commands", words(lists.blockedCommands))) }
        if !options.blocked.isEmpty {
            lines.append(Line(subject: "blocked_commands", value: words(options.blocked), origin: "--block"))
        }
        for (index, rule) in lists.rules.enumerated() {
            let origin = config.origin(of: place.member("rules").element(index)).description
            lines.append(Line(subject: "rule", value: "\(rule.decision.rawValue) \(rule.text)", origin: origin))
        }
        if !lists.bundles.isEmpty { lines.append(line("bundles", words(lists.bundles))) }
        if lists.executesWorkDirectory { lines.append(line("exec_workdir", "true")) }
        return lines
    }

    /// Who is the reason for a step of the plan.
    func origin(of step: PlanStep) -> String {
        switch step {
        case .bind(_, let target, let flags):
            if let origin = origins[target] { return origin }
            return flags.contains(.noExecute) && !lists.isEmpty ? lists : profile
        case .hostFile, .mask, .programs, .witness: return lists
        default: return profile
        }
    }

    /// Who is the reason that nothing may be executed where data lies.
    var listsOrigin: String { lists.isEmpty ? profile : lists }
}
