import Glibc
import OstlerSandbox
import OstlerSystem
import OstlerTestSupport
import Testing

@Suite("Many plans", .serialized) struct ManyPlansTests {
    private func policy(_ number: UInt64) -> SandboxPolicy {
        var policy = SandboxPolicy()
        policy.limits.openFiles = 64 + number
        return policy
    }

    @LoopActor private func descriptors(of harness: Harness) -> Int {
        var count = 0
        guard let directory = opendir("/proc/\(harness.launcher.processID)/fd") else { return 0 }
        defer { closedir(directory) }
        while readdir(directory) != nil { count += 1 }
        return count
    }

    /// Each has a mount namespace in the launcher: a file of tasks may ask for a sandbox of its own for every one.
    @Test func `what nobody holds is given up, and what is held still starts`() async throws {
        try await Harness.run { harness in
            let held = try await harness.plan(policy(0))
            for number in 1...100 { _ = try await harness.plan(policy(UInt64(number))) }
            let some = descriptors(of: harness)
            for number in 101...300 { _ = try await harness.plan(policy(UInt64(number))) }
            await eventually("as few descriptors as before") { descriptors(of: harness) <= some }
            #expect(try await harness.plan(policy(0)).number == held.number)
            let observer = Observer()
            _ = harness.spawn(["true"], plan: held, observer: observer)
            await eventually("the end of the process") { observer.hasEnded }
            #expect(observer.exits.first?.exitCode == 0, "\(observer.failures)")
        }
    }

    /// Whoever is given a plan may take its time.
    @Test func `more than are kept may be held at once`() async throws {
        try await Harness.run { harness in
            var plans: [LaunchPlan] = []
            for number in 0..<100 { plans.append(try await harness.plan(policy(UInt64(number)))) }
            for plan in [plans[0], plans[50], plans[99]] {
                let observer = Observer()
                _ = harness.spawn(["true"], plan: plan, observer: observer)
                await eventually("the end of the process") { observer.hasEnded }
                #expect(observer.exits.first?.exitCode == 0, "\(observer.failures)")
            }
        }
    }
}
