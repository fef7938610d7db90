import OstlerJSON
import OstlerProtocol
import OstlerTasks
import Testing

@Suite struct `Verdicts` {
    private func answer(
        _ outcome: ExecuteResult.Outcome,
        _ exitCode: Int32 = 0,
        signal: Int32? = nil,
        error: Failure? = nil
    ) -> ExecuteResult {
        var answer = ExecuteResult(task: "t", outcome: outcome, exitCode: exitCode)
        answer.signal = signal
        answer.error = error
        return answer
    }

    private func evidence(_ answer: ExecuteResult? = nil, _ change: (inout Evidence) -> Void = { _ in }) -> Evidence {
        var evidence = Evidence()
        evidence.dispatched = true
        evidence.answer = answer
        change(&evidence)
        return evidence
    }

    private func check(
        _ evidence: Evidence,
        _ outcome: Outcome,
        code: String?,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let verdict = evidence.verdict()
        #expect(verdict.outcome == outcome, sourceLocation: sourceLocation)
        #expect(verdict.failure?.code == code, sourceLocation: sourceLocation)
    }

    private let notFound = Failure("command_not_found", fault: .task, message: "m")

    // MARK: What the executor says

    @Test func `success is an explicit result with exit code 0 and no signal`() {
        check(evidence(answer(.succeeded)), .succeeded, code: nil)
        check(evidence(answer(.succeeded)) { $0.exits = [.init(exitCode: 0, signal: nil)] }, .succeeded, code: nil)
    }

    @Test func `no answer is never a success`() {
        let verdict = evidence().verdict()
        #expect(verdict.outcome == .lost)
        #expect(verdict.failure?.code == "no_answer")
        #expect(verdict.failure?.sideEffects == .possible)
        #expect(verdict.failure?.fault == .executor)
        // Even when the launcher saw a command succeed.
        check(evidence { $0.exits = [.init(exitCode: 0, signal: nil)] }, .lost, code: "no_answer")
    }

    @Test(arguments: [(1, nil), (-1, nil), (0, 9), (255, 15)] as [(Int32, Int32?)])
    func `a success with a bad exit code or a signal contradicts itself`(_ exitCode: Int32, _ signal: Int32?) {
        let verdict = evidence(answer(.succeeded, exitCode, signal: signal)).verdict()
        #expect(verdict.outcome == .executorProtocol)
        #expect(verdict.failure?.code == "inconsistent_result")
        let end = signal.map { "signal \($0)" } ?? "exit code \(exitCode)"
        #expect(verdict.failure?.message == "the executor's result contradicts itself: it says succeeded with \(end)")
    }

    @Test func `a failure is one, with what the executor says of it`() {
        check(evidence(answer(.failed, 2)), .failed, code: nil)
        check(evidence(answer(.failed, -1, error: notFound)), .failed, code: "command_not_found")
        check(evidence(answer(.failed, -1, signal: 9)), .failed, code: nil)
    }

    @Test(arguments: ["command_denied", "host_denied", "_denied"])
    func `a refusal by policy is denied`(_ code: String) {
        check(evidence(answer(.failed, -1, error: Failure(code, fault: .user, message: ""))), .denied, code: code)
    }

    @Test(arguments: ["denied", "denied_command", "command_denied_x"])
    func `other codes are not`(_ code: String) {
        check(evidence(answer(.failed, -1, error: Failure(code, fault: .user, message: ""))), .failed, code: code)
    }

    @Test func `nobody is believed who says cancelled of a task that nobody cancelled`() {
        check(evidence(answer(.cancelled, -1, signal: 15)), .executorProtocol, code: "uninvited_cancel")
        let why = Failure("cancelled", fault: .user, message: "")
        check(evidence(answer(.cancelled, -1, error: why)), .executorProtocol, code: "uninvited_cancel")
    }

    @Test func `an executor that says too late and then cancelled ends as the host wanted`() {
        for ending in [Evidence.Ending.cancelled, .timeout(TimeLimit(milliseconds: 5, observed: 5))] {
            let evidence = evidence(answer(.cancelled, -1)) {
                $0.ending = ending
                $0.cancelTooLate = true
            }
            check(evidence, ending == .cancelled ? .cancelled : .timeout, code: evidence.verdict().failure?.code)
        }
    }

    @Test func `success with an error is no success`() {
        let error = Failure("disk_full", fault: .infra, message: "no room\u{1B}[2J")
        let verdict = evidence(answer(.succeeded, error: error)).verdict()
        #expect(verdict.outcome == .executorProtocol)
        #expect(verdict.failure?.code == "inconsistent_result")
        let told = #"it says succeeded and tells an error: disk_full, "no room\u001b[2J""#
        #expect(verdict.failure?.message == "the executor's result contradicts itself: \(told)")
    }

    @Test func `an error instead of a result is what it says`() {
        let failure = Failure("executor_crash", fault: .executor, message: "m")
        check(evidence { $0.failure = (.executorCrash, failure) }, .executorCrash, code: "executor_crash")
        check(evidence(answer(.succeeded)) { $0.failure = (.infra, failure) }, .infra, code: "executor_crash")
    }

    // MARK: What the launcher saw

    @Test(
        arguments: [
            (0, nil, 1, nil, "it reports exit code 0, but its command ended with exit code 1"),
            (0, nil, -1, 9, "it reports exit code 0, but its command ended with signal 9"),
        ] as [(Int32, Int32?, Int32, Int32?, String)]
    )
    func `a success that the launcher did not see is a lie`(
        _ code: Int32,
        _ signal: Int32?,
        _ seenCode: Int32,
        _ seenSignal: Int32?,
        _ text: String
    ) {
        let verdict = evidence(answer(.succeeded, code, signal: signal)) {
            $0.exits = [.init(exitCode: seenCode, signal: seenSignal)]
        }.verdict()
        #expect(verdict.outcome == .executorProtocol)
        #expect(verdict.failure?.message == "the executor's result contradicts itself: \(text)")
        #expect(verdict.failure?.sideEffects == .possible)
    }

    @Test func `so is a failure with another exit code than the command had`() {
        check(
            evidence(answer(.failed, 2)) { $0.exits = [.init(exitCode: 3, signal: nil)] },
            .executorProtocol,
            code: "inconsistent_result"
        )
        check(
            evidence(answer(.failed, 137)) { $0.exits = [.init(exitCode: -1, signal: 9)] },
            .executorProtocol,
            code: "inconsistent_result"
        )
        check(evidence(answer(.failed, 3)) { $0.exits = [.init(exitCode: 3, signal: nil)] }, .failed, code: nil)
        check(
            evidence(answer(.failed, -1, signal: 9)) { $0.exits = [.init(exitCode: -1, signal: 9)] },
            .failed,
            code: nil
        )
    }

    @Test func `an error of the executor's own explains another exit code`() {
        let own = Failure("output_lost", fault: .executor, message: "m")
        check(
            evidence(answer(.failed, -1, error: own)) { $0.exits = [.init(exitCode: 0, signal: nil)] },
            .failed,
            code: "output_lost"
        )
        // But not a success.
        check(
            evidence(answer(.succeeded, 0, error: own)) { $0.exits = [.init(exitCode: 1, signal: nil)] },
            .executorProtocol,
            code: "inconsistent_result"
        )
    }

    @Test func `of several commands none is the one that counts`() {
        let exits: [Evidence.Exit] = [.init(exitCode: 1, signal: nil), .init(exitCode: 0, signal: nil)]
        check(evidence(answer(.succeeded)) { $0.exits = exits }, .succeeded, code: nil)
        check(evidence(answer(.failed, 7)) { $0.exits = exits }, .failed, code: nil)
    }

    @Test func `a cancelled task need not agree with its command`() {
        check(
            evidence(answer(.cancelled, -1, signal: 15)) {
                $0.exits = [.init(exitCode: 143, signal: nil)]
                $0.ending = .cancelled
            },
            .cancelled,
            code: "cancelled"
        )
    }

    @Test func `a sandbox that could not be built outweighs what the executor makes of it`() {
        let broken = Failure("sandbox_layer", fault: .sandbox, message: "m")
        check(evidence(answer(.failed, -1)) { $0.sandboxFailure = broken }, .sandboxError, code: "sandbox_layer")
        check(evidence { $0.sandboxFailure = broken }, .sandboxError, code: "sandbox_layer")
    }

    @Test func `a limit that the kernel enforced is told`() {
        let limit = Failure.Limit(name: "memory", limit: 100, observed: 101)
        let verdict = evidence(answer(.failed, -1, signal: 9)) { $0.note(ReachedLimit(limit)) }.verdict()
        #expect(verdict.outcome == .limit)
        #expect(verdict.failure?.code == "limit_memory")
        #expect(verdict.failure?.limit == limit)
        #expect(verdict.failure?.message == "the limit memory was reached: 101 of 100")
        #expect(verdict.failure?.hint == "raise sandbox.limits.memory in the config if the task may use more")
        #expect(verdict.failure?.fault == .task)
    }

    @Test func `a place that has a limit for itself is told, and what the config calls it`() {
        let reached = ReachedLimit(.init(name: "tmp_files", limit: 1024, observed: 1024), at: "/work")
        let failure = evidence(answer(.failed, 1)) { $0.note(reached) }.verdict().failure
        #expect(failure?.message == "the limit tmp_files was reached in /work: 1024 of 1024")
        #expect(failure?.hint == "raise sandbox.limits.tmp in the config if the task may use more")
    }

    @Test func `a task that succeeds in spite of a limit has succeeded`() {
        let reached = ReachedLimit(.init(name: "processes", limit: 10, observed: 10))
        let evidence = evidence(answer(.succeeded)) { $0.note(reached) }
        check(evidence, .succeeded, code: nil)
        #expect(evidence.limitsReached == [reached])
    }

    @Test func `a denial stays one, whatever limit was reached before`() {
        let denial = Failure("command_denied", fault: .user, message: "")
        let evidence = evidence(answer(.failed, -1, error: denial)) {
            $0.note(ReachedLimit(.init(name: "memory", limit: 1, observed: 1)))
        }
        check(evidence, .denied, code: "command_denied")
    }

    @Test func `of several limits the first that was seen is the reason, and each is told once`() {
        let evidence = evidence(answer(.failed, 1)) {
            for name in ["cpu", "tmp", "cpu"] { $0.note(ReachedLimit(.init(name: name, limit: 1, observed: 2))) }
        }
        check(evidence, .limit, code: "limit_cpu")
        #expect(evidence.limitsReached.map(\.limit.name) == ["cpu", "tmp"])
    }

    @Test func `a lie about a limit is still a lie`() {
        let limit = Failure.Limit(name: "memory", limit: 100, observed: 101)
        let lie = evidence(answer(.succeeded)) {
            $0.note(ReachedLimit(limit))
            $0.exits = [.init(exitCode: -1, signal: 9)]
        }
        check(lie, .executorProtocol, code: "inconsistent_result")
    }

    // MARK: What the host wanted

    @Test func `a cancelled task is cancelled, whatever came of it`() {
        let answers: [ExecuteResult?] = [
            nil, answer(.succeeded), answer(.failed, 1), answer(.cancelled, -1, signal: 15),
            answer(.failed, -1, error: notFound),
        ]
        for answer in answers {
            let verdict = evidence(answer) { $0.ending = .cancelled }.verdict()
            #expect(verdict.outcome == .cancelled)
            #expect(verdict.failure?.code == "cancelled")
            #expect(verdict.failure?.fault == .user)
            #expect(verdict.failure?.sideEffects == .possible)
        }
    }

    @Test func `what was never sent has no side effects`() {
        for ending in [Evidence.Ending.cancelled, .timeout(TimeLimit(milliseconds: 5, observed: 5))] {
            let verdict = evidence {
                $0.ending = ending
                $0.dispatched = false
            }.verdict()
            #expect(verdict.failure?.sideEffects == Failure.SideEffects.none)
        }
    }

    @Test func `a time-out names the time and what to do`() {
        let verdict = evidence(answer(.cancelled, -1, signal: 15)) {
            $0.ending = .timeout(TimeLimit(milliseconds: 1500, observed: 1500))
        }
        .verdict()
        #expect(verdict.outcome == .timeout)
        #expect(verdict.failure?.message == "the task did not end within its time limit of 1500 ms")
        #expect(verdict.failure?.limit == .init(name: "timeout_ms", limit: 1500, observed: 1500))
        #expect(verdict.failure?.hint == "raise the task's timeout, or find out why it takes so long")
        #expect(verdict.failure?.fault == .task)
    }

    @Test(
        arguments: [
            (.total, false, "timeout_waiting", "timeout_ms", .executor),
            (.total, true, "timeout", "timeout_ms", .task),
            (.run, true, "run_timeout", "run_timeout_ms", .task),
        ] as [(TimeLimit.Kind, Bool, String, String, Failure.Fault)]
    )
    func `each time limit has a code of its own, and says what was observed`(
        _ kind: TimeLimit.Kind,
        _ dispatched: Bool,
        _ code: String,
        _ name: String,
        _ fault: Failure.Fault
    ) {
        let struck = evidence {
            $0.ending = .timeout(TimeLimit(kind, milliseconds: 200, observed: 9000))
            $0.dispatched = dispatched
        }
        let verdict = struck.verdict()
        #expect(verdict.outcome == .timeout)
        #expect(verdict.failure?.code == code)
        #expect(verdict.failure?.limit == .init(name: name, limit: 200, observed: 9000))
        #expect(verdict.failure?.fault == fault)
        #expect(verdict.failure?.sideEffects == (dispatched ? .possible : Failure.SideEffects.none))
        #expect(verdict.failure?.hint?.contains("timeout") == true)
    }

    @Test func `a limit that the host enforced`() {
        let limit = Failure.Limit(name: "output", limit: 10, observed: 11)
        check(evidence(answer(.cancelled)) { $0.ending = .limit(limit) }, .limit, code: "limit_output")
    }

    @Test func `the end that the host wanted outweighs what broke on the way`() {
        let broken = evidence {
            $0.ending = .timeout(TimeLimit(milliseconds: 1, observed: 1))
            $0.failure = (.executorCrash, Failure("executor_crash", fault: .executor, message: ""))
            $0.sandboxFailure = Failure("s", fault: .sandbox, message: "")
        }
        check(broken, .timeout, code: "timeout")
    }

    @Test func `a cancel that came too late changes nothing, if there is an answer`() {
        for ending in [Evidence.Ending.cancelled, .timeout(TimeLimit(milliseconds: 1, observed: 1))] {
            func late(_ answer: ExecuteResult?) -> Evidence {
                evidence(answer) {
                    $0.ending = ending
                    $0.cancelTooLate = true
                }
            }
            check(late(answer(.succeeded)), .succeeded, code: nil)
            check(late(answer(.failed, 4)), .failed, code: nil)
            // A signal death is the host's own doing, whatever the executor heard first.
            let killed = late(answer(.failed, -1, signal: 9)).verdict().outcome
            #expect(killed == (ending == .cancelled ? .cancelled : .timeout))
            check(
                late(nil),
                ending == .cancelled ? .cancelled : .timeout,
                code: ending == .cancelled ? "cancelled" : "timeout"
            )
        }
    }
}

@Suite struct `Outcomes` {
    @Test(
        arguments: [
            (.succeeded, "succeeded", 0), (.skipped, "skipped", 0), (.failed, "failed", 1), (.limit, "limit", 1),
            (.dependencyFailed, "dependency_failed", 1), (.cancelled, "cancelled", 1), (.partial, "partial", 2),
            (.invalid, "invalid", 3), (.denied, "denied", 3), (.timeout, "timeout", 4), (.expired, "expired", 4),
            (.sandboxError, "sandbox_error", 5), (.executorCrash, "executor_crash", 5),
            (.executorProtocol, "executor_protocol", 5), (.lost, "lost", 5), (.infra, "infra", 5),
        ] as [(Outcome, String, Int32)]
    )
    func `names and exit codes`(_ outcome: Outcome, _ name: String, _ code: Int32) {
        #expect(outcome.rawValue == name)
        #expect(outcome.exitCode == code)
        var tally = OutcomeTally()
        tally.add(outcome)
        tally.add(outcome)
        #expect(tally.exitCode == code)
        #expect(tally.counts == [outcome: 2])
    }

    @Test func `the set is closed`() {
        #expect(Outcome.allCases.count == 16)
    }

    @Test func `many tasks: the same code is the code, else 2`() {
        func code(_ outcomes: Outcome...) -> Int32 {
            var tally = OutcomeTally()
            for outcome in outcomes { tally.add(outcome) }
            #expect(tally.total == outcomes.count)
            return tally.exitCode
        }
        #expect(code() == 0)
        #expect(code(.succeeded, .skipped, .succeeded) == 0)
        #expect(code(.failed, .cancelled, .limit) == 1)
        #expect(code(.lost, .infra) == 5)
        #expect(code(.succeeded, .failed) == 2)
        #expect(code(.timeout, .failed) == 2)
        #expect(code(.denied, .invalid) == 3)
    }

    @Test func `each pair of outcomes`() {
        for one in Outcome.allCases {
            for other in Outcome.allCases {
                var tally = OutcomeTally()
                tally.add(one)
                tally.add(other)
                #expect(tally.exitCode == (one.exitCode == other.exitCode ? one.exitCode : 2))
            }
        }
    }
}
