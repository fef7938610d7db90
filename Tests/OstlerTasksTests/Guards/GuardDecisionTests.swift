import OstlerProtocol
import OstlerTasks
import OstlerTestSupport
import Testing

private let other = GuardReference(type: "task", name: "other")
private let config = GuardReference(type: "file", name: "/etc/app.conf")

/// One row of the table: what is said, what is so, and what is decided.
struct GuardRow: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var guards = TaskGuards()
    var prior: [GuardReference: PriorEvent] = [:]
    var exists = false
    var onlyif: Int32 = 0
    var unless: Int32 = 1
    var decision: GuardDecision
    var noop: String?
    /// What the machine was asked, in this order.
    var asked: [String] = []

    init(
        _ name: String,
        _ decision: GuardDecision,
        noop: String? = nil,
        asked: [String] = [],
        _ change: (inout GuardRow) -> Void = { _ in }
    ) {
        (testDescription, self.decision, self.noop, self.asked) = (name, decision, noop, asked)
        change(&self)
    }

    static let changed = PriorEvent(changed: true, isUnmet: false)
    static let quiet = PriorEvent(changed: false, isUnmet: false)
    static let failed = PriorEvent(changed: false, isUnmet: true)

    static let table = [
        GuardRow("nothing said", .execute(via: nil), noop: "Would have executed"),
        GuardRow(
            "a subscription changed: nothing else counts",
            .execute(via: config),
            noop: "Would have executed via subscribe"
        ) {
            $0.guards.subscribe = [other, config]
            $0.prior = [other: quiet, config: changed]
            $0.guards.creates = "/x"
            $0.exists = true
            $0.guards.onlyif = .line("onlyif")
            $0.onlyif = 1
            $0.guards.unless = .line("unless")
            $0.unless = 0
            $0.guards.refreshOnly = true
        },
        GuardRow("the first that changed is told", .execute(via: other), noop: "Would have executed via subscribe") {
            $0.guards.subscribe = [other, config]
            $0.prior = [other: changed, config: changed]
        },
        GuardRow("creates exists", .stable(.creates), asked: ["creates"]) {
            $0.guards.creates = "/x"
            $0.exists = true
            $0.guards.onlyif = .line("onlyif")
        },
        GuardRow("creates does not exist", .execute(via: nil), noop: "Would have executed", asked: ["creates"]) {
            $0.guards.creates = "/x"
        },
        GuardRow("creates exists and a quiet subscription", .stable(.creates), asked: ["creates"]) {
            $0.guards.creates = "/x"
            $0.exists = true
            $0.guards.subscribe = [other]
            $0.prior = [other: quiet]
        },
        GuardRow("onlyif failed", .stable(.onlyif), asked: ["onlyif"]) {
            $0.guards.onlyif = .line("onlyif")
            $0.onlyif = 1
            $0.guards.unless = .line("unless")
        },
        GuardRow("onlyif succeeded", .execute(via: nil), noop: "Would have executed", asked: ["onlyif"]) {
            $0.guards.onlyif = .line("onlyif")
        },
        GuardRow("unless succeeded", .stable(.unless), asked: ["onlyif", "unless"]) {
            $0.guards.onlyif = .line("onlyif")
            $0.guards.unless = .line("unless")
            $0.unless = 0
        },
        GuardRow("unless failed", .execute(via: nil), noop: "Would have executed", asked: ["unless"]) {
            $0.guards.unless = .line("unless")
            $0.unless = 255
        },
        GuardRow("refresh_only without a trigger", .stable(.refreshOnly)) { $0.guards.refreshOnly = true },
        GuardRow("refresh_only and a quiet subscription", .stable(.refreshOnly)) {
            $0.guards.refreshOnly = true
            $0.guards.subscribe = [other]
            $0.prior = [other: quiet]
        },
        GuardRow(
            "refresh_only and a subscription that changed",
            .execute(via: other),
            noop: "Would have executed via subscribe"
        ) {
            $0.guards.refreshOnly = true
            $0.guards.subscribe = [other]
            $0.prior = [other: changed]
        },
        GuardRow("control keeps it out before all else", .skipped(.control)) {
            $0.guards.control.if = false
            $0.guards.require = [other]
            $0.guards.subscribe = [config]
            $0.prior = [config: changed, other: failed]
        },
        GuardRow("a requirement is unmet, whatever changed", .skipped(.require([other]))) {
            $0.guards.require = [config, other]
            $0.guards.subscribe = [config]
            $0.prior = [config: changed, other: failed]
        },
        GuardRow("all unmet requirements are told", .skipped(.require([config, other]))) {
            $0.guards.require = [config, other]
            $0.prior = [config: failed, other: failed]
        },
        GuardRow("requirements are met", .execute(via: nil), noop: "Would have executed") {
            $0.guards.require = [config, other]
            $0.prior = [config: changed, other: quiet]
        },
    ]
}

@Suite struct `The decision of guards` {
    @Test(arguments: GuardRow.table) func `each row of the table`(_ row: GuardRow) async throws {
        let probe = FakeProbe(
            paths: row.exists ? ["/x"] : [],
            exitCodes: ["onlyif": row.onlyif, "unless": row.unless]
        )
        let decision = try await row.guards.decide(prior: { row.prior[$0] }, probe: probe)
        #expect(decision == row.decision)
        #expect(decision.noopMessage == row.noop)
        #expect(probe.asked == row.asked)
    }

    @Test(
        arguments: [
            (true, nil, true), (false, nil, false), (nil, true, false), (nil, false, true), (true, false, true),
            (true, true, false), (false, false, false), (false, true, false), (nil, nil, true),
        ] as [(Bool?, Bool?, Bool)]
    )
    func `control lets pass if the one holds and the other does not`(_ yes: Bool?, _ no: Bool?, _ admits: Bool) {
        #expect(TaskGuards.Control(if: yes, unless: no).admits == admits)
    }

    @Test(arguments: ["onlyif", "unless"]) func `a guard that cannot be asked is a failure`(_ word: String) async throws
    {
        var guards = TaskGuards()
        if word == "onlyif" { guards.onlyif = .line("absent") } else { guards.unless = .line("absent") }
        await #expect(throws: FakeProbe.cannotStart) {
            try await guards.decide(prior: { _ in nil }, probe: FakeProbe())
        }
    }

    @Test(arguments: ["require", "subscribe"])
    func `a reference to what nothing is known of is a failure`(_ word: String) async throws {
        var guards = TaskGuards()
        if word == "require" { guards.require = [other] } else { guards.subscribe = [other] }
        let failure = await #expect(throws: Failure.self) {
            try await guards.decide(prior: { _ in nil }, probe: FakeProbe())
        }
        #expect(failure?.code == "unknown_reference")
        #expect(failure?.message.contains("\(word) names \"task#other\"") == true)
    }

    @Test func `any guards decide as the table does, row after row`() async throws {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<5000 {
            let row = GuardRow.random(&random)
            let probe = FakeProbe(
                paths: row.exists ? ["/x"] : [],
                exitCodes: ["onlyif": row.onlyif, "unless": row.unless]
            )
            let decision = try await row.guards.decide(prior: { row.prior[$0] }, probe: probe)
            #expect(decision == row.naive, "\(row)")
        }
    }
}

extension GuardRow {
    /// Any mixture of guards, and a world for them.
    static func random(_ random: inout SeededGenerator) -> GuardRow {
        GuardRow("random", .execute(via: nil)) { row in
            func coin() -> Bool { Bool.random(using: &random) }
            for reference in [other, config] {
                row.prior[reference] = PriorEvent(changed: coin(), isUnmet: coin())
                if coin() { row.guards.subscribe.append(reference) }
                if coin(), coin() { row.guards.require.append(reference) }
            }
            if coin(), coin() { row.guards.control.if = coin() }
            if coin(), coin() { row.guards.control.unless = coin() }
            if coin() { row.guards.creates = "/x" }
            if coin() { row.guards.onlyif = .line("onlyif") }
            if coin() { row.guards.unless = .line("unless") }
            row.guards.refreshOnly = coin()
            row.exists = coin()
            row.onlyif = coin() ? 0 : 2
            row.unless = coin() ? 0 : 2
        }
    }

    /// The table as it is written: all conditions are worked out, and the first row that matches counts.
    var naive: GuardDecision {
        let unmet = guards.require.filter { prior[$0]?.isUnmet == true }
        let trigger = guards.subscribe.first { prior[$0]?.changed == true }
        let rows: [(Bool, GuardDecision)] = [
            (guards.control.if == false || guards.control.unless == true, .skipped(.control)),
            (!unmet.isEmpty, .skipped(.require(unmet))),
            (trigger != nil, .execute(via: trigger)),
            (guards.creates != nil && exists, .stable(.creates)),
            (guards.onlyif != nil && onlyif != 0, .stable(.onlyif)),
            (guards.unless != nil && unless == 0, .stable(.unless)),
            (guards.refreshOnly, .stable(.refreshOnly)),
        ]
        return rows.first { $0.0 }?.1 ?? .execute(via: nil)
    }
}
