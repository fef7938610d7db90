internal import OstlerCatalog
internal import OstlerCommandLine
internal import OstlerHost
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSandbox
internal import OstlerSystem
internal import OstlerTasks

/// `ostler plan`: what `run` would do: which plugin, which sandbox, which command line.
struct PlanCommand: Sendable {
    static let spec: CommandSpec = {
        var spec = CommandSpec(
            "plan",
            "Shows which plugin, which sandbox and which command line tasks would get, without running them."
        )
        spec.synopsis = TaskOptions.synopsis
        spec.parameters = [TaskOptions.executorParameter]
        spec.sections = TaskOptions.sections + [GlobalOptions.section]
        spec.takesMembers = true
        spec.takesCommandLine = true
        spec.examples = [
            "ostler plan command -- sha256sum /etc/passwd", "ostler plan command --command ls --json",
            "ostler plan --file tasks.jsonl --json",
        ]
        spec.exitCodes = [
            .init("0", "all may run"), .init("2", "some lines of a pipe are refused"), .init("3", "refused"),
        ]
        spec.action = { try PlanCommand($0).run() }
        return spec
    }()

    private let global: GlobalOptions
    private let task: TaskOptions

    private init(_ arguments: Arguments) throws(UsageError) {
        global = try GlobalOptions(arguments)
        task = try TaskOptions(arguments)
    }

    private func run() throws -> Int32 {
        let composition = try Composition(global)
        let settings = try task.settings(composition)
        let spec = task.file == nil ? try SingleRun.makeSpec(task, composition) : nil
        let options = self
        return try EventLoop.shared.run { () -> Result<Int32, any Error> in
            do {
                let host = Host(settings)
                if let spec { return .success(try options.plan(spec, host).exitCode) }
                return .success(try await options.planFile(host))
            } catch {
                return .failure(error)
            }
        }.get()
    }

    /// As `run` takes a file: a regular one is checked whole first, a pipe is taken line by line.
    @LoopActor
    private func planFile(_ host: Host) async throws -> Int32 {
        let file = try TaskFile(task.file ?? "-", for: .queue, task.apply)
        if file.isRegular {
            let report = try await FileCheck(file, host, isJSON: global.json).run()
            guard report.isEmpty else { return Outcome.invalid.exitCode }
            file.rewind()
        }
        var tally = OutcomeTally()
        // A regular file was searched for repeated ids as a whole.
        var lines: [UInt64: Int] = [:]
        while let entry = await file.next() {
            let place = "\(file.name):\(entry.line)"
            switch entry.content {
            case .success(let spec):
                let first = file.isRegular ? nil : lines.updateValue(entry.line, forKey: IDLedger.hash(spec.id))
                if let first {
                    Log.failure(.repeatedID(spec.id, line: first), .init(place: place))
                    tally.add(.invalid)
                } else {
                    tally.add(try plan(spec, host, place: place, isFirst: tally.counts[.succeeded] == nil))
                }
            case .failure(let refusal):
                Log.failure(refusal.failure, .init(place: place))
                tally.add(.invalid)
            }
        }
        if let problem = file.problem {
            Log.error("\(file.name): reading stopped: \(problem)", code: "unreadable")
            return Outcome.infra.exitCode
        }
        return tally.exitCode
    }

    @LoopActor
    private func plan(
        _ spec: TaskSpec,
        _ host: Host,
        place: String? = nil,
        isFirst: Bool = true
    ) throws -> Outcome {
        let problems = host.problems(of: spec)
        guard problems.isEmpty, let executor = host.settings.catalog.executor(named: spec.executor) else {
            for problem in problems { Log.failure(problem, .init(place: place)) }
            return .invalid
        }
        let plan = try TaskPlan(spec, executor, host.provider)
        try Results.write(global.json ? plan.json + "\n" : (isFirst ? "" : "\n") + plan.text)
        return .succeeded
    }
}
