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
            let plan = try await harness.plan(policy)
            let (input, output) = (try Pipe.make(), try Pipe.make())
            defer { close(output.read) }
            // All three live until their input ends: the number of a network that is gone is given to another.
            let observers = (0..<3).map { _ in Observer() }
            for observer in observers {
                _ = harness.spawn(
                    ["/bin/sh", "-c", "readlink /proc/self/ns/net; read end"],
                    plan: plan,
                    input: input.read,
                    output: output.write,
                    observer: observer
                )
            }
            for end in [input.read, output.write] { close(end) }
            OwnedFD.setNonblocking(output.read)
            var text = ""
            await eventually("three networks") {
                var buffer = [UInt8](repeating: 0, count: 4096)
                let count = max(0, read(output.read, &buffer, buffer.count))
                text += String(decoding: buffer.prefix(count), as: UTF8.self)
                return text.count { $0 == "\n" } == 3
            }
            #expect(observers.allSatisfy { !$0.hasEnded })
            close(input.write)
            await eventually("the ends") { observers.allSatisfy(\.hasEnded) }
            for observer in observers {
                #expect(observer.exits.first?.layers.contains(.networkNamespace) == true, "\(observer.failures)")
            }
            let seen = text.split(separator: "\n")
            #expect(Set(seen).count == 3 && seen.allSatisfy { $0.hasPrefix("net:[") }, "\(text)")
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
