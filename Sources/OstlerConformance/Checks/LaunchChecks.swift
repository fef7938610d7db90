internal import OstlerCatalog
internal import OstlerHost
internal import OstlerSandbox
internal import OstlerSystem
internal import OstlerTrust

extension ConformanceCheck {
    /// Plugins that have commands launched.
    static let launching: [ConformanceCheck] = [
        ConformanceCheck(
            "M44-descriptors",
            "closes the descriptors that the launcher hands it",
            remedy: "close stdout, stderr and stdin of a command when it has ended and they are read to their end",
            trial: descriptors
        )
    ]

    /// One task after another where only few files can be open at a time.
    @LoopActor
    private static func descriptors(_ run: ConformanceRun) async throws {
        guard run.plugin.permissions.launch else { throw TrialEnd.notApplicable("it launches no commands") }
        let sample = try run.requirePlain()
        guard sample.executor.reuse == .warm else { throw TrialEnd.notApplicable("a process serves one task") }
        var policy = run.provider.policy(for: run.plugin)
        policy.limits.openFiles = 64
        try await run.session(policy: policy) { peer in
            for count in 1...64 {
                let reply = try await run.perform(sample, by: peer)
                try run.expectReference(reply, "task \(count) in one process that may open 64 files")
            }
        }
    }
}
