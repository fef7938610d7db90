internal import Glibc
internal import OstlerJSON
internal import OstlerSandbox
internal import OstlerSystem

extension ConformanceCheck {
    /// How a session ends.
    static let ending: [ConformanceCheck] = [
        ConformanceCheck(
            "M37-shutdown",
            "answers shutdown and exits with code 0",
            remedy: "answer shutdown with an empty object, flush, and exit with code 0",
            trial: { run in try await run.session { peer in try await shutDown(run, peer) } }
        ),
        ConformanceCheck(
            "M37-running",
            "answers shutdown and exits with code 0 also while a task runs",
            remedy: "do not wait for tasks that still run; end the process",
            trial: { run in try await whileTaskRuns(run) { peer in try await shutDown(run, peer) } }
        ),
        ConformanceCheck(
            "M38-end",
            "ends when its stdin ends",
            remedy: "leave the loop that reads messages at the end of stdin, and exit",
            trial: { run in
                try await run.session { peer in try await hangUp(run, peer) }
            }
        ),
        ConformanceCheck(
            "M38-running",
            "ends when its stdin ends, also in the middle of a task",
            remedy: "read messages beside the work, and end the process when there will be none",
            trial: { run in try await whileTaskRuns(run) { peer in try await hangUp(run, peer) } }
        ),
        ConformanceCheck(
            "S7-terminate",
            "ends on SIGTERM",
            remedy: "do not ignore SIGTERM, or end the process in its handler",
            level: .should,
            trial: { run in
                try await run.session { peer in
                    peer.signal(SIGTERM)
                    guard await peer.wait(for: { peer.isGone }) else {
                        throw TrialEnd.failed("it is still there \(run.options.patience) ms after SIGTERM")
                    }
                }
            }
        ),
    ]

    /// A session with a task in it that does not end by itself.
    @LoopActor
    private static func whileTaskRuns(
        _ run: ConformanceRun,
        _ body: @LoopActor @Sendable (PluginPeer) async throws -> Void
    ) async throws {
        let sample = try run.requireLasting()
        try await run.session { peer in
            _ = try await run.give(sample, to: peer)
            await run.settle(peer)
            try await body(peer)
        }
    }

    @LoopActor
    private static func shutDown(_ run: ConformanceRun, _ peer: PluginPeer) async throws {
        let answer = try await run.ask(peer, "shutdown")
        guard case .result = answer.body else { throw TrialEnd.failed("shutdown: \(answer.excerpt)") }
        try await expectEnd(run, peer, "shutdown")
    }

    @LoopActor
    private static func hangUp(_ run: ConformanceRun, _ peer: PluginPeer) async throws {
        peer.closeStdin()
        try await expectEnd(run, peer, "the end of its stdin")
    }

    @LoopActor
    private static func expectEnd(_ run: ConformanceRun, _ peer: PluginPeer, _ reason: String) async throws {
        guard await peer.wait(for: { peer.isGone }) else {
            throw TrialEnd.failed("it is still there \(run.options.patience) ms after \(reason)")
        }
        guard peer.exit?.exitCode == 0 else { throw TrialEnd.failed("after \(reason)") }
    }
}
