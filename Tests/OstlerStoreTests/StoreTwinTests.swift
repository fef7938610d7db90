internal import OstlerProtocol
internal import OstlerStore
internal import OstlerTasks
internal import OstlerTestSupport
internal import Testing

/// Random operations, given to a store in memory and to another one: what they answer and what they hold must be equal.
@Suite struct StoreTwinTests {
    private static let isLong = Surroundings.environment("OSTLER_LONG") == "1"
    /// In a store of its own each: one that grows on and on only becomes slower to compare.
    private static let steps = isLong ? 2000 : 900
    private static let seeds: [UInt64] = Array(1...(isLong ? 50 : 2))

    @Test func `A store in a file answers as one in memory does, whatever is asked`() throws {
        var seen: Set<String> = []
        for seed in Self.seeds {
            guard let operations = try agree(seed) else { return }
            seen.formUnion(operations)
        }
        #expect(seen.isSuperset(of: Twins.expected), "never happened: \(Twins.expected.subtracting(seen))")
    }

    /// - Returns: what was asked and refused; nil if they did not agree.
    private func agree(_ seed: UInt64) throws -> Set<String>? {
        try SQLiteTaskStore.withQuickStore { store in
            var twins = Twins(MemoryTaskStore(), store, seed: seed)
            for step in 0..<Self.steps {
                guard try twins.step() else {
                    Issue.record("seed \(seed), step \(step): \(twins.difference)")
                    return nil
                }
            }
            #expect(try twins.agreeOnEverything(), "seed \(seed), at the end: \(twins.difference)")
            #expect(try store.findDamage().isEmpty)
            return twins.seen
        }
    }
}

/// Two stores that are asked the same.
private struct Twins {
    private let first: any TaskStore
    private let second: any TaskStore
    private var random: SeededGenerator
    private var now: Int64 = 1_000_000
    private var tasks: [TaskID] = []
    private var workers: [WorkerID] = []
    private var leases: [Lease] = []
    /// What the first one answered and what the other one did, where they differ.
    private(set) var difference = ""
    /// Kinds of operations and of refusals that have happened.
    private(set) var seen: Set<String> = []

    static let expected: Set<String> = [
        "submit", "claim", "intend", "identify", "finish", "release", "evict", "cancel", "reopen", "remove", "collect",
        "queue_full", "idempotency_conflict", "unknown_task", "already_done", "not_done", "stale_attempt",
        "worker_evicted", "already_succeeded",
    ]

    init(_ first: any TaskStore, _ second: any TaskStore, seed: UInt64) {
        (self.first, self.second) = (first, second)
        random = SeededGenerator(seed: seed)
    }

    /// - Returns: whether both said the same.
    mutating func step() throws -> Bool {
        now += Int64.random(in: 0...400, using: &random)
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<20: return submit()
        case 20..<24: return register()
        case 24..<44: return claim()
        case 44..<52: return withLease("intend") { store, lease, now in try store.intend([lease], at: now) }
        case 52..<56: return withLease("identify") { try isDone($0.identify($1, .sample, at: $2)) }
        case 56..<72: return finish()
        case 72..<74: return withLease("release") { try $0.release([$1], at: $2) }
        case 74..<76:
            return withLease("log") {
                try isDone($0.append([LogChunk(stream: "stdout", bytes: [1, 2, 3])], to: $1, at: $2))
            }
        case 76..<79: return evict()
        case 79..<83: return withTask("cancel") { try $0.cancel($1, by: "c", at: $2) }
        case 83..<86: return withTask("reopen") { try isDone($0.reopen($1, by: "c", at: $2)) }
        case 86..<88: return withTask("remove") { try isDone($0.remove([$1], at: $2)) }
        case 88..<90: return beat()
        case 90..<91: return both("pause") { [now] in try isDone($0.setPaused("side", now % 2 == 0, at: now)) }
        case 91..<92: return both("expire") { [now] in try $0.expire(at: now) }
        case 92..<94: return record()
        case 94..<96: return collect()
        case 96..<97:
            return withTask("note") {
                try isDone($0.note([Note("n", detail: [123, 125])], on: $1, attempt: nil, at: $2))
            }
        default: return agreeOnLists()
        }
    }

    /// Asks both.
    private mutating func both<R: Equatable>(
        _ name: String,
        _ operation: (any TaskStore) throws -> R
    ) -> Bool {
        both(name, operation, then: { _ in })
    }

    private mutating func both<R: Equatable>(
        _ name: String,
        _ operation: (any TaskStore) throws -> R,
        then: (R) -> Void
    ) -> Bool {
        let (one, other) = (answer(operation, first), answer(operation, second))
        guard one == other else {
            difference = "\(name): \(one) is not \(other)"
            return false
        }
        switch one {
        case .success(let value):
            seen.insert(name)
            then(value)
        case .failure(let failure): seen.insert(failure.code)
        }
        return true
    }

    private func answer<R>(_ operation: (any TaskStore) throws -> R, _ store: any TaskStore) -> Result<R, Failure> {
        do { return .success(try operation(store)) } catch {
            return .failure(error as? Failure ?? Failure("unexpected", fault: .host, message: "\(error)"))
        }
    }

    private mutating func withLease<R: Equatable>(
        _ name: String,
        _ operation: (any TaskStore, Lease, Int64) throws -> R
    ) -> Bool {
        guard let lease = leases.suffix(30).randomElement(using: &random) else { return true }
        let now = now
        return both(name) { try operation($0, lease, now) }
    }

    private mutating func withTask<R: Equatable>(
        _ name: String,
        _ operation: (any TaskStore, TaskID, Int64) throws -> R
    ) -> Bool {
        guard let task = tasks.suffix(60).randomElement(using: &random) else { return true }
        let now = now
        return both(name) { try operation($0, task, now) }
    }

    // MARK: Operations

    private mutating func submit() -> Bool {
        let batch = (0..<Int.random(in: 1...4, using: &random)).map { submission($0) }
        let capacity = Int.random(in: 0..<4, using: &random) == 0 ? 12 : nil
        let now = now
        var accepted: [TaskID] = []
        let agree = both("submit", { try $0.submit(batch, capacity: capacity, at: now) }) { accepted = $0.map(\.task) }
        tasks += accepted
        return agree
    }

    private mutating func submission(_ place: Int) -> Submission {
        func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
        let key = chance(25) ? "k\(Int.random(in: 0..<30, using: &random))" : nil
        let payload = chance(80) ? "{}" : "[1]"
        var submission = Submission.sample(
            "t\(place)",
            executor: chance(80) ? "command" : "http",
            payload: payload,
            key: key
        )
        submission.priority = Int64.random(in: -2...2, using: &random)
        submission.idempotency = Idempotency.allCases.randomElement(using: &random) ?? .pure
        submission.retry = RetryPolicy(attempts: Int.random(in: 1...3, using: &random), least: 100, most: 1000)
        if chance(30) { submission.needs = ["gpu"] }
        if chance(20) { submission.queue = "side" }
        if chance(15) { submission.notBefore = now + Int64.random(in: -100...2000, using: &random) }
        if chance(15) { submission.expiresAt = now + Int64.random(in: 0...3000, using: &random) }
        if chance(30) { submission.labels = ["a": chance(50) ? "1" : "2"] }
        if place > 0, chance(20) { submission.after.append(.earlier(place - 1)) }
        if chance(20), let task = tasks.suffix(20).randomElement(using: &random) {
            submission.after.append(.task(task))
        }
        return submission
    }

    private mutating func register() -> Bool {
        let labels: Set<String> = Bool.random(using: &random) ? ["gpu", "x"] : []
        let now = now
        var new: [WorkerID] = []
        let agree = both(
            "register",
            {
                try $0.register(.sample(labels: labels, executors: ["command", "http"]), at: now)
            }
        ) { new = [$0] }
        workers += new
        return agree
    }

    private mutating func claim() -> Bool {
        guard let worker = workers.suffix(5).randomElement(using: &random) else { return register() }
        let request = ClaimRequest(
            worker: worker,
            slots: Int.random(in: 0...4, using: &random),
            queues: Bool.random(using: &random) ? nil : ["default"],
            intends: Bool.random(using: &random),
            identity: Bool.random(using: &random) ? .sample : nil
        )
        let now = now
        var claimed: [Lease] = []
        let agree = both("claim", { try $0.claim(request, at: now).map(ComparedClaim.init) }) {
            claimed = $0.map(\.lease)
        }
        leases += claimed
        return agree
    }

    private mutating func finish() -> Bool {
        guard let lease = leases.suffix(20).randomElement(using: &random) else { return true }
        let outcome =
            [Outcome.succeeded, .succeeded, .failed, .timeout, .executorCrash, .cancelled, .infra]
            .randomElement(using: &random) ?? .lost
        let effects = [Failure.SideEffects.none, .possible, .done].randomElement(using: &random) ?? .none
        let retry = [Failure.Retry.same, .never].randomElement(using: &random)
        let end = AttemptEnd(outcome, sideEffects: effects, retry: retry, code: outcome == .succeeded ? nil : "c")
        let bytes = [UInt8](repeating: 7, count: Int.random(in: 0...3, using: &random))
        let attachments = Bool.random(using: &random) ? [Attachment(name: "stdout", bytes: bytes)] : []
        let log = Bool.random(using: &random) ? [LogChunk(stream: "stderr", bytes: bytes)] : []
        let completion = Completion(
            lease,
            end,
            result: bytes,
            attachments: attachments,
            notes: [Note("limit")],
            log: log
        )
        let now = now
        return both("finish") { try $0.finish([completion], at: now) }
    }

    private mutating func evict() -> Bool {
        guard let worker = workers.suffix(5).randomElement(using: &random),
            let successor = workers.suffix(5).randomElement(using: &random)
        else { return true }
        let beats: Int64? = Bool.random(using: &random) ? nil : 0
        let now = now
        var orphans: [Orphan] = []
        let agree = both("evict", { try $0.evict(worker, beats: beats, by: successor, at: now) }) { orphans = $0 ?? [] }
        leases += orphans.map(\.lease)
        for orphan in orphans where Bool.random(using: &random) {
            guard both("abandon", { try $0.abandon(orphan.lease, at: now) }) else { return false }
        }
        return agree
    }

    private mutating func beat() -> Bool {
        guard let worker = workers.suffix(5).randomElement(using: &random) else { return true }
        let now = now
        switch Int.random(in: 0..<8, using: &random) {
        case 0: return both("retire") { try isDone($0.retire(worker, at: now)) }
        case 1: return both("asked") { try $0.cancelRequests(to: worker) }
        case let draw: return both("beat") { try $0.beat(worker, isDraining: draw == 2, at: now) }
        }
    }

    private mutating func record() -> Bool {
        let end = AttemptEnd(.failed, sideEffects: .possible, code: "x")
        let run = FinishedRun(
            submission(0),
            end,
            result: [1],
            attachments: [Attachment(name: "stdout", bytes: [9])],
            submittedAt: now - 3,
            startedAt: now - 2,
            endedAt: now - 1
        )
        return both("record") { try $0.record([run]) }
    }

    private mutating func collect() -> Bool {
        var policy = RetentionPolicy()
        switch Int.random(in: 0..<3, using: &random) {
        case 0: policy.age = 20_000
        case 1: policy.count = 25
        default: policy.bytes = 1500
        }
        let now = now
        return both("plan") { try $0.plan(policy, at: now) } && both("collect") { try $0.collect(policy, at: now) }
    }

    // MARK: Comparing

    private mutating func agreeOnLists() -> Bool {
        var filter = TaskFilter()
        switch Int.random(in: 0..<10, using: &random) {
        case 0: filter.states = [.ready, .running]
        case 1: filter.outcomes = [.failed, .lost]
        case 2: filter.labels = ["a": "1"]
        case 3: filter.queue = "side"
        case 4: filter.isSetAside = true
        case 5: (filter.queue, filter.outcomes) = ("default", [.succeeded, .failed])
        case 6: (filter.runID, filter.executor, filter.queue) = ("r1", "command", "side")
        case 7: (filter.principal, filter.name, filter.states) = ("anna", "t1", [.done, .blocked])
        case 8: (filter.principal, filter.executor, filter.states) = ("anna", "command", [.ready, .blocked])
        default: (filter.executor, filter.states, filter.submittedFrom) = ("http", [.done], now - 5000)
        }
        let cursor = Bool.random(using: &random) ? tasks.randomElement(using: &random) : nil
        let (limit, now) = (Int.random(in: 1...7, using: &random), now)
        return both("list") { try $0.list(filter, after: cursor, limit: limit) }
            && both("statistics") { try $0.statistics(at: now) } && both("workers") { try $0.workers() }
            && both("moments") { try $0.nextMoments(after: now) }
            && withTask("details") { store, task, _ in try store.details(of: task) }
            && withTask("events") { store, task, _ in try store.events(of: task, after: 1, limit: 9) }
    }

    /// - Returns: whether they hold the same tasks with the same past.
    mutating func agreeOnEverything() throws -> Bool {
        let all = try first.list(TaskFilter(), after: nil, limit: 1_000_000).tasks.map(\.id)
        guard both("list", { try $0.list(TaskFilter(), after: nil, limit: 1_000_000) }) else { return false }
        for task in all {
            let agree =
                both("details") { try $0.details(of: task) }
                && both("events") { try $0.events(of: task, after: 0, limit: 10_000) }
                && both("log") { try $0.log(of: task, after: 0, limit: 10_000) }
            guard agree else { return false }
            for attachment in try first.details(of: task).attachments {
                guard both("blob", { try $0.blob(attachment.digest) }) else { return false }
            }
        }
        return true
    }
}

/// For what answers nothing.
private func isDone(_: Void) -> Bool { true }

/// What a claim says, as something that can be compared.
private struct ComparedClaim: Equatable {
    let lease: Lease
    let document: [UInt8]
    let words: [String]
    let begunBefore: Int

    init(_ claim: Claim) {
        lease = claim.lease
        document = claim.document
        words = [claim.name, claim.executor, claim.queue, claim.idempotencyKey ?? "", "\(claim.submittedAt)"]
        begunBefore = claim.begunBefore
    }
}
