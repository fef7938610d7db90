internal import OstlerCatalog
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSystem

extension ConformanceCheck {
    /// Readers that are slow, and credit.
    static let flow: [ConformanceCheck] = [
        ConformanceCheck(
            "M8-late",
            "bears a host that reads late, and loses nothing",
            remedy: "let writes to stdout wait; do not make it non-blocking without keeping what it did not take",
            trial: late
        ),
        ConformanceCheck(
            "M50-neighbour",
            "goes on with its other tasks while one has no credit",
            remedy: "let only the task wait that has no credit, not the loop that serves all",
            trial: neighbour
        ),
        ConformanceCheck(
            "M50-whole",
            "drops no output for want of credit",
            remedy: "keep what a task writes, or keep it from writing, until there is credit",
            trial: whole
        ),
        ConformanceCheck(
            "M52-stray",
            "ignores credit for a task that is not open",
            remedy: "look the task up, and do nothing if it is not there",
            trial: { run in
                let sample = try await requireCredit(run)
                try await run.session { peer in
                    peer.give(4096, to: "nothing")
                    try run.expectReference(try await run.perform(sample, by: peer), "after credit for an unknown task")
                }
            }
        ),
    ]

    /// So little fits in the plugin's stdout that unread answers soon make it wait.
    private static let smallPipe: Int32 = 4096

    @LoopActor
    private static func late(_ run: ConformanceRun) async throws {
        let sample = try run.requirePlain()
        try await run.session(outputCapacity: smallPipe) { peer in
            let task = try await run.prepare(sample, for: peer)
            peer.hold()
            peer.send(task.request)
            let requests = (0..<200).map { KitRequest("kit/late-\($0)", id: peer.nextID()) }
            for request in requests { peer.send(request) }
            // It takes what it takes; nothing says how much.
            _ = await peer.wait(atMost: 300) { peer.hasTakenAll }
            peer.resume()
            for request in requests { _ = try await run.answer(peer, request.id, to: request.method) }
            try run.expectReference(try await run.reply(peer, to: task), "read late")
        }
    }

    // MARK: Credit

    /// A plain task of a plugin that heeds credit; whether it does it says when it is greeted.
    @LoopActor
    private static func requireCredit(_ run: ConformanceRun) async throws -> TaskSample {
        guard run.heedsCredit else { throw TrialEnd.notApplicable("it does not heed credit") }
        return try run.requirePlain()
    }

    @LoopActor
    private static func neighbour(_ run: ConformanceRun) async throws {
        let sample = try await requireCredit(run)
        guard sample.executor.concurrency > 1 else { throw TrialEnd.notApplicable("it takes one task at a time") }
        try await run.session { peer in
            _ = try await run.give(sample, to: peer, credit: 0)
            let free = try await run.give(sample, to: peer)
            try run.expectReference(try await run.reply(peer, to: free), "beside a task without credit")
        }
    }

    @LoopActor
    private static func whole(_ run: ConformanceRun) async throws {
        let sample = try await requireCredit(run)
        try await run.session { peer in
            try run.expectReference(try await starved(sample, run, peer), "with credit byte by byte")
        }
    }

    /// Has every example done on short allowance, for the rules to see.
    @LoopActor
    static func trickle(_ run: ConformanceRun) async throws {
        let plain = try await requireCredit(run)
        let examples = run.subject.examples.filter { $0.example?.outcome == .succeeded }
        for sample in examples.isEmpty ? [plain] : examples {
            try await run.session { peer in _ = try await starved(sample, run, peer) }
        }
    }

    /// Gives a task without credit, and then a byte at a time whenever the plugin has nothing more to say.
    @LoopActor
    private static func starved(
        _ sample: TaskSample,
        _ run: ConformanceRun,
        _ peer: PluginPeer
    ) async throws -> TaskReply {
        let task = try await run.give(sample, to: peer, credit: 0)
        let deadline = Instant.now.advanced(milliseconds: run.options.patience)
        while peer.rules.answers[task.request.id] == nil, peer.isStreamOpen, Instant.now < deadline {
            await run.settle(peer)
            let count = peer.rules.messageCount
            peer.give(1, to: task.name)
            _ = await peer.wait(atMost: 20) { peer.rules.messageCount > count || !peer.isStreamOpen }
        }
        return try await run.reply(peer, to: task)
    }
}
