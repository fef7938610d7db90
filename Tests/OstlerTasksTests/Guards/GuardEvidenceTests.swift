import OstlerJSON
import OstlerProtocol
import OstlerTasks
import Testing

private let other = GuardReference(type: "task", name: "other")

/// What an executor says, under which guards, and what is made of it.
struct JudgedAnswer: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var answered: ExecuteResult.Outcome = .failed
    var exitCode: Int32 = 1
    var signal: Int32?
    var error: Failure?
    var via: GuardReference?
    var created: Bool?
    var guards = TaskGuards()
    var limit: Failure.Limit?
    let outcome: Outcome
    var code: String?
    var by: String?

    init(
        _ name: String,
        _ outcome: Outcome,
        code: String? = nil,
        by: String? = nil,
        _ change: (inout JudgedAnswer) -> Void
    ) {
        (testDescription, self.outcome, self.code, self.by) = (name, outcome, code, by)
        change(&self)
    }

    private static func failure(_ code: String) -> Failure { Failure(code, fault: .task, message: "m") }

    static let table = [
        JudgedAnswer("a success is one", .succeeded) { ($0.answered, $0.exitCode) = (.succeeded, 0) },
        JudgedAnswer("0 that is not listed", .failed, code: "desired_state_failed") {
            ($0.answered, $0.exitCode) = (.succeeded, 0)
            $0.guards.returns = ReturnCodes([3])
        },
        JudgedAnswer("a listed code", .succeeded, by: "returns") {
            $0.exitCode = 3
            $0.guards.returns = ReturnCodes([0, 3])
        },
        JudgedAnswer("a listed code with an error of the executor's", .succeeded, by: "returns") {
            $0.exitCode = 3
            $0.error = failure("call_failed")
            $0.guards.returns = ReturnCodes([3])
        },
        JudgedAnswer("a code that is not listed", .failed, code: "desired_state_failed") { $0.exitCode = 3 },
        JudgedAnswer("the executor's own error is kept", .failed, code: "call_failed") {
            $0.error = failure("call_failed")
        },
        JudgedAnswer("a failure without an exit code of its own", .failed) {
            $0.exitCode = 0
            $0.guards.returns = ReturnCodes([0])
        },
        JudgedAnswer("what was not started", .failed, code: "command_not_found") {
            $0.exitCode = -1
            $0.error = failure("command_not_found")
            $0.guards.returns = ReturnCodes((0...255).map { Int32($0) })
            $0.created = true
        },
        JudgedAnswer("a death by signal", .failed) {
            ($0.exitCode, $0.signal) = (-1, 9)
            $0.guards.returns = ReturnCodes((0...255).map { Int32($0) })
            $0.created = true
        },
        JudgedAnswer("a refusal by policy", .denied, code: "command_denied") {
            $0.error = failure("command_denied")
            $0.guards.returns = ReturnCodes([1])
        },
        JudgedAnswer("a limit", .limit, code: "limit_memory") {
            $0.limit = .init(name: "memory", limit: 1, observed: 2)
            $0.guards.returns = ReturnCodes([1])
            $0.created = true
        },
        JudgedAnswer("what was to be created is there", .succeeded, by: "creates") {
            $0.guards.creates = "/x"
            $0.created = true
        },
        JudgedAnswer("what was to be created is not there", .failed, code: "desired_state_failed") {
            $0.guards.creates = "/x"
            $0.created = false
        },
        JudgedAnswer("nobody could look", .failed, code: "desired_state_failed") { $0.guards.creates = "/x" },
        JudgedAnswer("it is there, but a subscription asked", .failed, code: "desired_state_failed", by: "subscribe") {
            $0.guards.creates = "/x"
            $0.created = true
            $0.via = other
        },
        JudgedAnswer("a subscription asked, and all went well", .succeeded, by: "subscribe") {
            ($0.answered, $0.exitCode) = (.succeeded, 0)
            $0.via = other
        },
    ]

    var evidence: Evidence {
        var evidence = Evidence()
        evidence.dispatched = true
        var answer = ExecuteResult(task: "t", outcome: answered, exitCode: exitCode)
        (answer.signal, answer.error) = (signal, error)
        evidence.answer = answer
        if let limit { evidence.note(ReachedLimit(limit)) }
        var guarding = GuardEvidence(guards, isNoop: false)
        guarding.decision = .execute(via: via)
        guarding.created = created
        evidence.guarding = guarding
        return evidence
    }
}

@Suite struct `Verdicts of tasks with guards` {
    @Test(arguments: JudgedAnswer.table) func `each answer is weighed`(_ row: JudgedAnswer) {
        let (outcome, failure) = row.evidence.verdict()
        #expect(outcome == row.outcome)
        #expect(failure?.code == row.code)
        #expect(row.evidence.guarding?.account(exitCode: row.exitCode, outcome: outcome)?.member == row.by)
    }

    @Test(
        arguments: [
            (.stable(.creates), false, .succeeded, .stable, "creates"),
            (.stable(.onlyif), false, .succeeded, .stable, "onlyif"),
            (.stable(.unless), true, .succeeded, .stable, "unless"),
            (.stable(.refreshOnly), true, .succeeded, .stable, "refresh_only"),
            (.skipped(.control), false, .skipped, .skipped, "control"),
            (.skipped(.require([other])), true, .skipped, .skipped, "require"),
            (.execute(via: nil), true, .skipped, .wouldExecute, nil),
            (.execute(via: other), true, .skipped, .wouldExecute, "subscribe"),
        ] as [(GuardDecision, Bool, Outcome, TaskResult.Guarding.Effect, String?)]
    )
    func `what was not executed has an outcome, and says what kept it`(
        _ decision: GuardDecision,
        _ isNoop: Bool,
        _ outcome: Outcome,
        _ effect: TaskResult.Guarding.Effect,
        _ member: String?
    ) {
        var evidence = Evidence()
        var guarding = GuardEvidence(TaskGuards(), isNoop: isNoop)
        guarding.decision = decision
        evidence.guarding = guarding
        #expect(evidence.verdict().outcome == outcome && evidence.verdict().failure == nil)
        let account = guarding.account(exitCode: 0, outcome: outcome)
        #expect(account?.effect == effect && account?.member == member)
        #expect(!guarding.isToBeExecuted)
        // What ended it while it was asked goes first.
        evidence.ending = .cancelled
        #expect(evidence.verdict().outcome == .cancelled)
    }

    @Test func `a time-out while guards are asked has a code of its own`() {
        var evidence = Evidence()
        evidence.guarding = GuardEvidence(TaskGuards(), isNoop: false)
        evidence.ending = .timeout(TimeLimit(.guards, milliseconds: 5, observed: 7))
        let (outcome, failure) = evidence.verdict()
        #expect(outcome == .timeout && failure?.code == "guard_timeout")
        #expect(failure?.sideEffects == Failure.SideEffects.none)
        #expect(failure?.limit == .init(name: "timeout_ms", limit: 5, observed: 7))
    }

    @Test func `only a bad exit code makes it necessary to look for what was created`() {
        for row in JudgedAnswer.table {
            var evidence = row.evidence
            var guards = row.guards
            guards.creates = "/x"
            var guarding = GuardEvidence(guards, isNoop: false)
            guarding.decision = .execute(via: row.via)
            evidence.guarding = nil
            let plain = evidence.verdict().outcome
            let asks = guarding.asksForCreated(evidence.answer, plain)
            let isBad = [.succeeded, .failed].contains(plain) && row.signal == nil && row.exitCode > 0
            let isMissed = isBad && !guards.returns.contains(row.exitCode) && row.via == nil
            let isZero = plain == .succeeded && row.exitCode == 0 && !guards.returns.contains(0)
            #expect(asks == (isMissed || isZero), "\(row.testDescription)")
        }
    }
}

@Suite struct `What came of a task, for those that name it` {
    @Test(
        arguments: [
            (.succeeded, nil, true, false), (.failed, nil, false, true), (.timeout, nil, false, true),
            (.invalid, nil, false, true), (.cancelled, nil, false, true), (.sandboxError, nil, false, true),
            (.succeeded, .init(.stable, by: "creates", "d"), false, false),
            (.succeeded, .init(.executed, by: "subscribe", "d"), true, false),
            (.skipped, .init(.skipped, by: "control", "d"), false, false),
            (.skipped, .init(.skipped, by: "require", "d"), false, true),
            (.skipped, .init(.wouldExecute, "d"), true, false),
        ] as [(Outcome, TaskResult.Guarding?, Bool, Bool)]
    )
    func `whether it changed something, and whether it is unmet`(
        _ outcome: Outcome,
        _ guarding: TaskResult.Guarding?,
        _ changed: Bool,
        _ isUnmet: Bool
    ) {
        let origin = TaskOrigin(runID: "r", principal: "p")
        var result = TaskResult(id: "t", origin: origin, executor: "e", outcome: outcome)
        result.guarding = guarding
        #expect(result.priorEvent == PriorEvent(changed: changed, isUnmet: isUnmet))
    }

    @Test func `it stands in the result`() throws {
        let origin = TaskOrigin(runID: "r", principal: "p")
        var result = TaskResult(id: "t", origin: origin, executor: "e", outcome: .succeeded)
        result.guarding = .init(.stable, by: "creates", "/x exists")
        var writer = JSONWriter()
        result.encode(into: &writer)
        let told = try JSONValue(parsing: writer.bytes)
        #expect(told["guard"] == ["effect": "stable", "by": "creates", "detail": "/x exists"])
        #expect(told["changed"]?.bool == false)
        #expect(result.guarding?.text == "stable: /x exists (creates)")
    }

    @Test func `guards are shown in the order in which they are asked`() {
        var guards = TaskGuards()
        guards.control = .init(if: true, unless: false)
        guards.require = [other]
        guards.subscribe = [other]
        guards.creates = "/x"
        guards.onlyif = .line("a")
        guards.unless = .arguments(["b", "c"])
        guards.refreshOnly = true
        guards.returns = ReturnCodes([0, 3])
        #expect(
            guards.lines == [
                "control if true", "control unless false", "requires task#other", "subscribed to task#other",
                "creates /x",
                "onlyif a", "unless b c", "refresh_only", "returns [0, 3]",
            ]
        )
        #expect(TaskGuards().lines.isEmpty)
    }
}
