import Glibc
import OstlerProtocol
import OstlerSandbox
import OstlerSystem
import OstlerTestSupport
import Testing

@Suite(.enabled(if: Surroundings.userNamespacesAllowed, Comment(rawValue: Surroundings.noUserNamespaces)), .serialized)
struct `What a launcher cannot start` {
    @Test func `a program that is not there`() async throws {
        try await Harness.run { harness in
            for name in ["no-such-program", "/usr/bin/no-such-program"] {
                let observer = try await harness.output([name]).observer
                let failure = try #require(observer.failures.first)
                #expect(failure.stage == "program")
                #expect(failure.errno == ENOENT)
                #expect(failure.isProgramFault)
                #expect(observer.exits.isEmpty)
            }
        }
    }

    @Test func `a file that is no program`() async throws {
        try await Harness.run { harness in
            let observer = try await harness.output(["/etc/passwd"]).observer
            let failure = try #require(observer.failures.first)
            #expect(failure.errno == EACCES)
            #expect(failure.isProgramFault)
        }
    }

    @Test func `a work directory that is not there`() async throws {
        try await Harness.run { harness in
            let observer = try await harness.output(["true"], workDirectory: "/no/such/directory").observer
            let failure = try #require(observer.failures.first)
            #expect(failure.stage == "cwd")
            #expect(failure.errno == ENOENT)
            #expect(failure.isProgramFault)
        }
    }

    @Test func `a program that the lists deny`() async throws {
        try await Harness.run { harness in
            var policy = SandboxPolicy()
            policy.enforce(ProgramFence(.init(blocked: ["id"])))
            let observer = try await harness.output(["id"], policy: policy).observer
            let failure = try #require(observer.failures.first)
            #expect(failure.errno == EPERM)
            #expect(failure.isProgramFault)
            let unblocked = try #require(await harness.output(["true"], policy: policy).observer.exits.first)
            #expect(unblocked.exitCode == 0)
            #expect(unblocked.layers.contains(.programLists))
            var narrow = SandboxPolicy()
            narrow.enforce(ProgramFence(.init(allowed: ["id"])))
            let allowed = try #require(await harness.output(["id", "-u"], policy: narrow).observer.exits.first)
            #expect(allowed.exitCode == 0)
            #expect(allowed.layers.contains(.programLists))
            // It is absent from the view, and told as what it is for who asks.
            let absent = try #require(await harness.output(["true"], policy: narrow).observer.failures.first)
            #expect(absent.isProgramFault)
            #expect(absent.errno == EPERM)
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can put a program into the view"))
    func `a program that was changed after it was judged is refused`() async throws {
        // Away from the search path, whose directories others watch.
        let path = "/usr/local/lib/ostler-test-\(getpid())"
        let bytes = try contents(ofFile: "/usr/bin/true")
        func put() throws {
            let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o755)
            defer { close(file) }
            try #require(write(file, bytes, bytes.count) == bytes.count)
        }
        try put()
        defer { unlink(path) }
        try await Harness.run { harness in
            let fence = ProgramFence(.init(allowed: [path]))
            var policy = SandboxPolicy()
            policy.enforce(fence)
            #expect(fence.isCurrent)
            _ = fence.load()
            // The same path, name and content; another time of change.
            try put()
            #expect(!fence.isCurrent)
            let failure = await #expect(throws: LaunchFailure.self) { _ = try await harness.plan(policy) }
            #expect(failure?.stage == "template")
            #expect(failure?.errno == ESTALE)
            policy.enforce(ProgramFence(.init(allowed: [path])))
            let report = try #require(await harness.output([path], policy: policy).observer.exits.first)
            #expect(report.exitCode == 0)
        }
    }

    @Test func `a plan that nobody made`() async throws {
        try await Harness.run { harness in
            try await harness.launcher.start()
            let observer = Observer()
            _ = harness.spawn(["true"], plan: LaunchPlan(number: 4711), observer: observer)
            await eventually("a refusal") { observer.hasEnded }
            #expect(observer.failures.first?.stage == "request")
            #expect(observer.failures.first?.errno == ENOENT)
            #expect(observer.failures.first?.detail == "unknown plan")
        }
    }

    @Test func `a request that cannot be sent is told to who asked`() async throws {
        try await Harness.run { harness in
            let plan = try await harness.plan()
            let (spawned, task) = (Observer(), Observer())
            let spawn = harness.spawn(["true"], plan: plan, input: -1, observer: spawned)
            _ = harness.launcher.registerTask(plan: plan, spawn: spawn, stdin: -1, observer: task)
            #expect(!spawned.hasEnded, "not before the caller knows the number")
            await eventually("the refusals") { spawned.hasEnded && task.hasEnded }
            for failure in [spawned.failures.first, task.failures.first] {
                #expect(failure?.stage == "sendmsg")
                #expect(failure?.errno == EBADF)
            }
            let code = try await harness.output(["true"]).observer.exits.first?.exitCode
            #expect(code == 0)
        }
    }

    @Test func `a layer that cannot be had is a refusal that names it`() async throws {
        try await Harness.run { harness in
            var policy = SandboxPolicy()
            policy.required.insert(SandboxLayers([.programLists]))
            do {
                let observer = try await harness.output(["true"], policy: policy).observer
                let failure = try #require(observer.failures.first)
                #expect(failure.layer == .programLists)
                #expect(!failure.isProgramFault)
            } catch let failure as LaunchFailure {
                #expect(failure.layer == .programLists)
            }
        }
    }
}
