internal import OstlerCatalog
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSystem

extension ConformanceCheck {
    /// `cancel` before, while, and after a task runs.
    static let cancelling: [ConformanceCheck] = [
        ConformanceCheck(
            "M32-unknown",
            "answers a cancel of a task that is not open with unknown",
            remedy: "look the task up; answer {\"state\": \"unknown\"} if it is not there",
            trial: { run in
                _ = try requireCancel(run)
                try await run.session { peer in
                    try expectState(
                        ["unknown"],
                        try await cancel("nothing", run, peer),
                        "of a task that was never given"
                    )
                }
            }
        ),
        ConformanceCheck(
            "M32-acknowledged",
            "answers a cancel at once, while the task still runs",
            remedy: "read messages beside the work, and answer cancel before the task has ended",
            trial: { run in
                try await lasting(run) { peer, task in
                    await run.settle(peer)
                    try expectState(["cancelling"], try await cancel(task.name, run, peer), "of a task that runs")
                }
            }
        ),
        ConformanceCheck(
            "M32-late",
            "answers a cancel that comes behind the task's answer",
            remedy: "forget a task when it is answered, and answer {\"state\": \"unknown\"} from then on",
            trial: { run in
                let sample = try requireCancel(run)
                try await run.session { peer in
                    let task = try await run.give(sample, to: peer)
                    _ = try await run.reply(peer, to: task)
                    let answer = try await cancel(task.name, run, peer)
                    try expectState(["unknown", "too_late"], answer, "of a task that was answered")
                }
            }
        ),
        ConformanceCheck(
            "M33-running",
            "ends a task that is cancelled while it runs, with cancelled",
            remedy: "let the work look for the cancel, and answer its execute with \"outcome\": \"cancelled\"",
            trial: { run in
                try await lasting(run) { peer, task in
                    await run.settle(peer)
                    peer.send(cancelRequest(task.name, peer))
                    await run.terminateCommands(of: task, peer)
                    try expectCancelled(try await run.reply(peer, to: task), "cancelled while it ran")
                }
            }
        ),
        ConformanceCheck(
            "M33-behind",
            "ends a task that is cancelled before it has properly begun",
            remedy: "know a task from the moment that its execute is read, not from when its work begins",
            trial: { run in
                try await lasting(run, gives: false) { peer, task in
                    let request = cancelRequest(task.name, peer)
                    peer.announce(task.request)
                    peer.announce(request)
                    peer.send(raw: task.request.line + request.line)
                    await run.terminateCommands(of: task, peer)
                    try expectCancelled(try await run.reply(peer, to: task), "cancelled right behind its execute")
                }
            }
        ),
        ConformanceCheck(
            "M14-busy",
            "reads and answers also while a task runs",
            remedy: "read messages in one thread and work in others",
            trial: busy
        ),
        ConformanceCheck(
            "M36-health",
            "answers health",
            remedy: "answer with {\"status\": \"healthy\"}, or degraded or unhealthy and a detail",
            trial: { run in
                try requireHealth(run)
                try await run.session { peer in try expectHealth(try await run.ask(peer, "health")) }
            }
        ),
        ConformanceCheck(
            "M36-running",
            "answers health also while it executes",
            remedy: "read messages in one thread and work in others",
            trial: { run in
                try requireHealth(run)
                let sample = try run.requireLasting()
                try await run.session { peer in
                    _ = try await run.give(sample, to: peer)
                    try expectHealth(try await run.ask(peer, "health"))
                }
            }
        ),
    ]

    // MARK: Cancel

    /// A plain task of a plugin that declares the feature.
    @LoopActor
    private static func requireCancel(_ run: ConformanceRun) throws -> TaskSample {
        guard run.plugin.manifest.executors.contains(where: \.features.cancel) else {
            throw TrialEnd.notApplicable("it does not declare features.cancel")
        }
        return try run.requirePlain()
    }

    @LoopActor
    private static func lasting(
        _ run: ConformanceRun,
        gives: Bool = true,
        _ body: @LoopActor (PluginPeer, GivenTask) async throws -> Void
    ) async throws {
        _ = try requireCancel(run)
        let sample = try run.requireLasting()
        guard sample.executor.features.cancel else {
            throw TrialEnd.notApplicable("executor \(sample.executor.name) does not declare features.cancel")
        }
        try await run.session { peer in
            let task = try await run.prepare(sample, for: peer)
            if gives { peer.send(task.request) }
            try await body(peer, task)
        }
    }

    @LoopActor
    private static func cancelRequest(_ task: String, _ peer: PluginPeer) -> KitRequest {
        KitRequest(
            "cancel",
            id: peer.nextID(),
            [("task", .string(task)), ("reason", "requested"), ("grace_ms", 5000)]
        )
    }

    @LoopActor
    private static func cancel(_ task: String, _ run: ConformanceRun, _ peer: PluginPeer) async throws -> PeerMessage {
        let request = cancelRequest(task, peer)
        peer.send(request)
        return try await run.answer(peer, request.id, to: "cancel")
    }

    @LoopActor
    private static func expectState(_ due: [String], _ answer: PeerMessage, _ circumstance: String) throws {
        guard case .result = answer.body, due.contains(answer.value["state"]?.string ?? "") else {
            throw TrialEnd.failed("a cancel \(circumstance): \(answer.excerpt)")
        }
    }

    @LoopActor
    private static func expectCancelled(_ reply: TaskReply, _ circumstance: String) throws {
        guard reply.outcome == "cancelled" else { throw TrialEnd.failed("\(circumstance): \(reply.text)") }
    }

    // MARK: Busy

    @LoopActor
    private static func busy(_ run: ConformanceRun) async throws {
        let sample = try run.requireLasting()
        let features = sample.executor.features
        try await run.session { peer in
            _ = try await run.give(sample, to: peer)
            if features.cancel {
                _ = try await cancel("nothing", run, peer)
            } else {
                _ = try await run.ask(peer, features.health ? "health" : "shutdown")
            }
        }
    }

    @LoopActor
    private static func requireHealth(_ run: ConformanceRun) throws {
        guard run.plugin.manifest.executors.contains(where: \.features.health) else {
            throw TrialEnd.notApplicable("it does not declare features.health")
        }
    }

    @LoopActor
    private static func expectHealth(_ answer: PeerMessage) throws {
        let result = try? answer.read { (reader) throws(JSONError) in try HealthResult(reading: &reader) }
        guard case .result = answer.body, result != nil else { throw TrialEnd.failed("health: \(answer.excerpt)") }
    }
}
