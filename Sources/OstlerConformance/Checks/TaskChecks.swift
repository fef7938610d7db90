internal import Glibc
internal import OstlerCatalog
internal import OstlerJSON
internal import OstlerSchema
internal import OstlerSystem

extension ConformanceCheck {
    /// Tasks as they come.
    static let tasks: [ConformanceCheck] = [
        ConformanceCheck(
            "S4-examples",
            "does with each example of the manifest what the manifest says",
            remedy: "mend the plugin, or the example's outcome in plugin.yaml",
            level: .must,
            trial: examples
        ),
        ConformanceCheck(
            "M21-many",
            "answers each of many tasks once, as many at a time as its concurrency allows",
            remedy: "answer every execute, or declare a lower concurrency",
            trial: many
        ),
        ConformanceCheck(
            "M23-payloads",
            "takes every payload that its schema allows",
            remedy:
                "say in the schema what the plugin cannot take: then the host refuses it before the plugin is asked",
            trial: payloads
        ),
        ConformanceCheck(
            "S4-deadline",
            "answers a task whose deadline has passed",
            remedy: "take deadline for display; the host ends what is late",
            level: .should,
            trial: { try await plain($0, "a deadline in the past") { $0.addPastDeadline() } }
        ),
        ConformanceCheck(
            "S4-restart",
            "serves on when it is started again after a kill in the middle of a task",
            remedy: "keep nothing between tasks that a killed process leaves in the way, such as a lock file",
            level: .must,
            trial: restart
        ),
    ]

    // MARK: Examples

    @LoopActor
    private static func examples(_ run: ConformanceRun) async throws {
        guard !run.subject.examples.isEmpty else {
            throw TrialEnd.unproven("the manifest has no examples: add some to each executor")
        }
        for sample in run.subject.examples {
            guard let outcome = sample.example?.outcome else { continue }
            switch outcome {
            case .succeeded, .failed, .denied: try await expect(outcome, of: sample, run)
            case .invalid:
                let problems = try sample.executor.payload.compiled().validate(Array(sample.payload.text.utf8))
                guard !problems.isEmpty else {
                    throw TrialEnd.failed("\(sample.title): the schema allows what is to be invalid")
                }
            case .timeout: try await expectLasting(sample, run)
            // Of the host's making, or of more than one task.
            case .skipped, .limit, .partial: continue
            }
        }
    }

    @LoopActor
    private static func expect(
        _ outcome: ExecutorManifest.Outcome,
        of sample: TaskSample,
        _ run: ConformanceRun
    ) async throws {
        let reply = try await run.session { peer in try await run.perform(sample, by: peer) }
        let isDenied = reply.outcome == "failed" && reply.errorCode?.hasSuffix("_denied") == true
        guard outcome == .denied ? isDenied : reply.outcome == outcome.rawValue else {
            throw TrialEnd.failed("\(sample.title): \(reply.text), not \(outcome.rawValue)")
        }
    }

    @LoopActor
    private static func expectLasting(_ sample: TaskSample, _ run: ConformanceRun) async throws {
        try await run.session { peer in
            let task = try await run.give(sample, to: peer)
            // An hour is not waited for; a task that is soon done would be so by then.
            if await peer.wait(atMost: 200, for: { peer.rules.answers[task.request.id] != nil }) {
                let reply = try await run.reply(peer, to: task)
                throw TrialEnd.failed("\(sample.title): \(reply.text) at once, not timeout")
            }
        }
    }

    // MARK: Many

    @LoopActor
    private static func many(_ run: ConformanceRun) async throws {
        let sample = try run.requirePlain()
        var waits: [Int64] = []
        if sample.executor.reuse == .never {
            for _ in 0..<min(run.options.load, 20) {
                try await run.session { peer in try await waits.append(burst(1, atOnce: 1, of: sample, run, peer)[0]) }
            }
        } else {
            waits = try await run.session { peer in
                try await burst(run.options.load, atOnce: sample.executor.concurrency, of: sample, run, peer)
            }
        }
        waits.sort()
        run.figures.tasks = waits.count
        run.figures.latencyMedian = waits[waits.count / 2]
        run.figures.latency99 = waits[min(waits.count - 1, waits.count * 99 / 100)]
    }

    /// Keeps as many tasks open as allowed until `count` are answered. Each is given as soon as there is room, so that a
    /// plugin which holds an answer back until something else comes is found out.
    /// - Returns: how long each took, in microseconds.
    @LoopActor
    private static func burst(
        _ count: Int,
        atOnce: Int,
        of sample: TaskSample,
        _ run: ConformanceRun,
        _ peer: PluginPeer
    ) async throws -> [Int64] {
        var open: [(task: GivenTask, start: Instant)] = []
        var (given, waits): (Int, [Int64]) = (0, [])
        while waits.count < count {
            while given < count, open.count < atOnce {
                open.append((try await run.give(sample, to: peer), .now))
                given += 1
            }
            func answered() -> Int? { open.firstIndex { peer.rules.answers[$0.task.request.id] != nil } }
            guard await peer.wait(for: { answered() != nil || !peer.isStreamOpen }), let first = answered() else {
                throw TrialEnd.failed("\(waits.count) of \(given) tasks were answered, \(open.count) at once")
            }
            let (task, start) = open.remove(at: first)
            waits.append(Instant.now.microseconds(since: start))
            let reply = try await run.reply(peer, to: task)
            try run.expectReference(reply, "task \(waits.count) of \(given), \(atOnce) at once")
        }
        return waits
    }

    // MARK: Payloads

    @LoopActor
    private static func payloads(_ run: ConformanceRun) async throws {
        for sample in run.subject.generated {
            try await run.session { peer in
                let task = try await run.give(sample, to: peer)
                // What a payload by chance makes the plugin do may take any time; it is refused at once or not at all.
                _ = await peer.wait(atMost: 500) {
                    peer.rules.answers[task.request.id] != nil || !peer.isStreamOpen
                }
                guard peer.isStreamOpen || peer.rules.answers[task.request.id] != nil else {
                    throw TrialEnd.failed("\(sample.title): no answer")
                }
                guard peer.rules.answers[task.request.id] != nil else { return peer.signal(SIGKILL) }
                let code = try await run.reply(peer, to: task).errorCode ?? ""
                guard !refusals.contains(code) else { throw TrialEnd.failed("\(sample.title): refused with \(code)") }
            }
        }
    }

    /// Codes that say that the payload itself is wrong.
    private static let refusals = ["-32602", "invalid_payload", "invalid_params", "invalid_json"]

    // MARK: Restart

    @LoopActor
    private static func restart(_ run: ConformanceRun) async throws {
        let sample = try run.requirePlain()
        try await run.session { peer in
            _ = try await run.give(run.subject.lasting ?? sample, to: peer)
            // So that it is in the middle of it, as far as that can be known.
            _ = await peer.wait(atMost: 200) { peer.rules.messageCount > 1 }
            peer.signal(SIGKILL)
            _ = await peer.wait { peer.isGone }
        }
        let reply = try await run.session { peer in try await run.perform(sample, by: peer) }
        try run.expectReference(reply, "after a kill")
    }
}

extension KitRequest {
    fileprivate mutating func addPastDeadline() {
        guard KitRequest.executing.contains(method) else { return }
        params["deadline"] = 1000
        params["remaining_ms"] = 0
    }
}
