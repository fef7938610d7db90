import Glibc
import OstlerSandbox
import OstlerSystem
import OstlerTestSupport
import Testing

/// Sandboxes of the other fences, at the launcher.
@Suite(.enabled(if: Surroundings.userNamespacesAllowed, Comment(rawValue: Surroundings.noUserNamespaces)), .serialized)
struct `Other fences` {
    @Test func `A program that the host has and an allow list has not is denied, and one that nobody has is missing`()
        async throws
    {
        try await Harness.run { harness in
            var policy = SandboxPolicy()
            policy.enforce(ProgramFence(ProgramLists(allowed: ["true"])))
            let plan = try await harness.plan(policy)
            for (name, code) in [("ls", EPERM), ("/usr/bin/ls", EPERM), ("no-such-program", ENOENT)] {
                let observer = Observer()
                _ = harness.spawn([name], plan: plan, observer: observer)
                await eventually("the refusal") { observer.hasEnded }
                let failure = try #require(observer.failures.first)
                #expect(failure.stage == "program" && failure.errno == code && failure.isProgramFault, "\(failure)")
            }
        }
    }

    @Test func `Each sandbox with loopback has a network that is new`() async throws {
        try await Harness.run { harness in
            var policy = SandboxPolicy()
            policy.network = .loopback
            var seen: Set<String> = []
            for _ in 0..<3 {
                let (text, observer) = try await harness.shell(
                    "readlink /proc/self/ns/net; cat /sys/x 2>&1",
                    policy: policy
                )
                #expect(observer.exits.first?.layers.contains(.networkNamespace) == true)
                seen.insert(text)
            }
            #expect(seen.count == 3, "\(seen)")
        }
    }

    @Test(arguments: [SandboxPolicy.Profile.contained, .host])
    func `Without a pid namespace what is left behind ends with the command`(_ profile: SandboxPolicy.Profile)
        async throws
    {
        let sleep = uniqueSleep()
        try await Harness.run { harness in
            var policy = SandboxPolicy(profile)
            policy.environment = ["PATH=/usr/bin:/bin"]
            let script = "(setsid sleep \(sleep) &); setsid sleep \(sleep) & exit 7"
            let (_, observer) = try await harness.shell(script, policy: policy)
            #expect(observer.exits.first?.exitCode == 7, "\(observer.failures)")
            #expect(observer.exits.first?.layers.contains(.landlock) == (profile == .contained))
            #expect(processes(whoseCommandLineHolds: sleep).isEmpty)
        }
    }

    @Test(arguments: [SandboxPolicy.Profile.contained, .host])
    func `Without a pid namespace all ends with the launcher`(_ profile: SandboxPolicy.Profile) async throws {
        let sleep = uniqueSleep()
        try await Harness.run { harness in
            var policy = SandboxPolicy(profile)
            policy.environment = ["PATH=/usr/bin:/bin"]
            let plan = try await harness.plan(policy)
            let observer = Observer()
            _ = harness.spawn(
                ["/bin/sh", "-c", "setsid sleep \(sleep) & sleep \(sleep)"],
                plan: plan,
                observer: observer
            )
            await eventually("the start") { processes(whoseCommandLineHolds: "sleep " + sleep).count >= 2 }
            harness.launcher.abandon()
            await eventually("the end") { processes(whoseCommandLineHolds: sleep).isEmpty }
        }
    }
}
