import OstlerProtocol
import OstlerResources
import OstlerTasks
import Testing

@Suite struct ResourceOutcomeTests {
    private typealias State = ResourceOutcome.State

    private func outcome(
        _ state: ResourceOutcome.State,
        _ change: (inout ResourceOutcome) -> Void = { _ in }
    ) -> ResourceOutcome {
        var outcome = ResourceOutcome(
            reference: GuardReference(type: "exec", name: "a"),
            alias: nil,
            place: "site.yaml:1:1",
            provider: "posix"
        )
        outcome.state = state
        change(&outcome)
        return outcome
    }

    private func tally(_ outcomes: ResourceOutcome...) -> ResourceTally {
        var tally = ResourceTally()
        for outcome in outcomes { tally.add(outcome) }
        return tally
    }

    @Test func `All well is 0, whatever was done`() {
        #expect(tally().exitCode == 0)
        #expect(tally(outcome(.stable), outcome(.changed), outcome(.refreshed)).exitCode == 0)
        #expect(tally(outcome(.skipped), outcome(.unknown)).exitCode == 0)
    }

    @Test(
        arguments: [
            (.succeeded, 1), (.failed, 1), (.limit, 1), (.invalid, 3), (.denied, 3), (.timeout, 4),
            (.sandboxError, 5), (.executorCrash, 5), (.lost, 5),
        ] as [(Outcome, Int32)]
    )
    func `A failure never is 0`(_ verdict: Outcome, _ code: Int32) {
        let failed = outcome(.failed) { $0.outcome = verdict }
        #expect(tally(failed).exitCode == code)
        #expect(tally(failed, outcome(.stable)).exitCode == 2)
    }

    @Test func `What failed and what was left out for it come to the same`() {
        #expect(tally(outcome(.failed), outcome(.unmet)).exitCode == 1)
    }

    @Test func `Refreshed ones are among the changed`() {
        let tally = tally(outcome(.refreshed), outcome(.changed), outcome(.stable))
        #expect(tally.count(.changed) == 2)
        #expect(tally.refreshed == 1)
        #expect(tally.total == 3)
    }

    @Test func `What is noop itself is counted apart, unless it is as it should be`() {
        var tally = tally(outcome(.changed))
        for state in [State.changed, .refreshed, .unknown, .stable, .failed] {
            tally.add(outcome(state) { $0.isNoopItself = true })
        }
        #expect(tally.noop == 3 && tally.count(.changed) == 1 && tally.refreshed == 0 && tally.total == 6)
        #expect(tally.count(.stable) == 1 && tally.count(.failed) == 1)
    }

    @Test func `A warning is degraded, and anything worse is not a matter of warnings`() {
        let check = ResourceOutcome.CheckOutcome(name: "x", status: .warning, output: "", tries: 1)
        let degraded = outcome(.stable) { $0.checks = [check] }
        #expect(degraded.isDegraded && tally(degraded).exitCode == 2 && tally(degraded).degraded == 1)
        let failed = outcome(.failed) {
            $0.checks = [check]
            $0.error = Failure("x", fault: .task, message: "x")
        }
        #expect(!failed.isDegraded && tally(failed).exitCode == 1)
    }

    @Test func `A failure is no change for others, and stands in the way of what requires it`() {
        #expect(outcome(.failed).event == PriorEvent(changed: false, isUnmet: true))
        #expect(outcome(.unmet).event == PriorEvent(changed: false, isUnmet: true))
        #expect(outcome(.skipped).event == PriorEvent(changed: false, isUnmet: false))
        #expect(outcome(.changed) { $0.changed = true }.event == PriorEvent(changed: true, isUnmet: false))
    }

    @Test func `An alias stands behind the name`() {
        let named = ResourceOutcome(
            reference: GuardReference(type: "file", name: "/f"),
            alias: "config",
            place: "",
            provider: "posix"
        )
        #expect(named.title == "file#/f (config)")
        #expect(outcome(.stable).title == "exec#a")
    }

    @Test(
        arguments: [
            (0, .ok), (1, .warning), (2, .critical), (3, .unknown), (-1, .unknown), (nil, .unknown),
        ] as [(Int32?, HealthStatus)]
    )
    func `Codes of checks have their words`(_ code: Int32?, _ status: HealthStatus) {
        #expect(HealthStatus(exitCode: code) == status)
    }
}
