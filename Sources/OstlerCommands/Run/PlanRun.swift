internal import OstlerCatalog
internal import OstlerHost
internal import OstlerProtocol
internal import OstlerSystem
internal import OstlerTasks

/// Plans tasks one after the other, so that guards know what would have become of those before.
@LoopActor
final class PlanRun {
    private let host: Host
    private let origin: TaskOrigin
    private let isJSON: Bool
    private var ledger = TaskLedger(named: nil)
    private var isFirst = true

    /// - Parameter settings: those of a host on which nothing is executed.
    init(_ settings: HostSettings, _ origin: TaskOrigin, isJSON: Bool) {
        host = Host(settings)
        (self.origin, self.isJSON) = (origin, isJSON)
    }

    func stop() async { await host.stop() }

    /// As `run` takes a file: a regular one is checked whole first, a pipe is taken line by line.
    /// - Returns: the exit code.
    func planFile(_ options: TaskOptions) async throws -> Int32 {
        let file = try TaskFile(options.file ?? "-", for: .queue, options.apply)
        if file.isRegular {
            let report = try await FileCheck(file, host, isJSON: isJSON).run()
            guard report.isEmpty else { return Outcome.invalid.exitCode }
            ledger = TaskLedger(named: report.named)
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
                    tally.add(try await plan(spec, place: place))
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

    func plan(_ spec: TaskSpec, place: String? = nil) async throws -> Outcome {
        let problems = host.problems(of: spec)
        guard problems.isEmpty, let executor = host.settings.catalog.executor(named: spec.executor) else {
            for problem in problems { Log.failure(problem, .init(place: place)) }
            return .invalid
        }
        ledger.begin(spec)
        let result = await host.run(spec, origin: origin, io: TaskIO(prior: { [ledger] in ledger.event(of: $0) }))
        ledger.end(spec, result)
        let decision = PlannedDecision(result)
        let plan = try TaskPlan(spec, decision, executor, host.provider)
        try Results.write(isJSON ? plan.json + "\n" : (isFirst ? "" : "\n") + plan.text)
        isFirst = false
        return decision.outcome
    }
}
