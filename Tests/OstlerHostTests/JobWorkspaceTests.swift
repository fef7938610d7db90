internal import Glibc
internal import OstlerConfig
import OstlerHost
import OstlerJSON
import OstlerProtocol
import OstlerSystem
internal import OstlerTasks
import OstlerTestSupport
import Testing

/// Workspaces by a plugin that is a process of its own and dies when it is least convenient.
@Suite(.needsSandbox, .timeLimit(.minutes(2)))
struct JobWorkspaceTests {
    private static let origin = TaskOrigin(runID: "test", principal: "tester")

    /// Installs the plugin `workshop`, whose workspaces then lie in a directory of the test.
    /// - Parameter last: what its program does just before it serves.
    private func setUp(_ setup: inout HostSetup, last: String = "") throws -> String {
        let root = try setup.directory.makeDirectory("workspaces")
        // The plugin runs as an id of its own.
        chmod(root, 0o777)
        chmod(setup.directory.path, 0o755)
        let sdk = Surroundings.packageRoot() + "/sdk/python/"
        let source = sdk + "examples/workshop/"
        let manifest = String(decoding: try contents(ofFile: source + "plugin.yaml"), as: UTF8.self)
        try setup.directory.write(
            "plugins/workshop/plugin.yaml",
            manifest.replacing("/var/lib/ostler-workshop", with: root)
        )
        let example = String(decoding: try contents(ofFile: source + "bin/workshop"), as: UTF8.self)
        let program = example.replacing("\nplugin.run()\n", with: "\n\(last)\nplugin.run()\n")
        try setup.directory.write("plugins/workshop/bin/workshop", program, mode: 0o755)
        for file in namesOfDirectory(sdk + "src/ostler_plugin") where file.hasSuffix(".py") {
            let text = try contents(ofFile: sdk + "src/ostler_plugin/" + file)
            try setup.directory.write("plugins/workshop/lib/ostler_plugin/" + file, text)
        }
        setup.plugins = []
        var section = setup.config.executor(named: "workshop")
        section.settings = JSONObject([("root", .string(root))])
        setup.config.executors["workshop"] = section
        return root
    }

    private func json(_ value: JSONValue) -> [UInt8] { Array(value.text.utf8) }

    private func text(_ path: String) -> String? {
        (try? contents(ofFile: path)).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Kills the one process of the plugin.
    @LoopActor
    private func kill(_ host: TestHost) async throws -> Int32 {
        let processes = host.processes.filter { $0.name.hasPrefix("workshop") || $0.name.hasPrefix("python") }
        let process = try #require(processes.first, "\(host.processes)")
        Glibc.kill(process.process, SIGKILL)
        await eventually("the end of the plugin") { !process.isRunning }
        return process.process
    }

    @Test func `jobs hand each other artifacts, and nothing is left after the clean-up`() async throws {
        var root = ""
        try await withHost {
            root = try setUp(&$0)
        } body: { host in
            let workspace = JobWorkspace(host.host, id: "w1", executor: "workshop")
            try await workspace.setUp(json(["colour": "blue"]))
            #expect(workspace.handle == json(["directory": .string(root + "/w1"), "spec": ["colour": "blue"]]))
            try await workspace.setUp(job: "build", json([:]))
            let built = await workspace.execute(
                job: "build",
                host.task(#"{"file": "out", "text": "made", "where": true}"#, executor: "workshop"),
                origin: Self.origin
            )
            #expect(built.outcome == .succeeded, "\(built.text)")
            #expect(built.output.text == "wrote out\nin \(root)/w1 build\n")
            let saved = try await workspace.save(job: "build", .init(name: "result", path: "out"))
            try await workspace.cleanUp(job: "build")
            #expect(text(root + "/w1/jobs/build/out") == nil)

            try await workspace.setUp(job: "check", json([:]))
            try await workspace.restore(job: "check", .init(name: "result", path: "in", saved: saved))
            #expect(text(root + "/w1/jobs/check/in") == "made")
            try await workspace.cleanUp()
            #expect(namesOfDirectory(root).isEmpty)
        }
    }

    @Test func `a plugin that is killed in a job is cleaned up after by a new process with the same handle`()
        async throws
    {
        var root = ""
        try await withHost {
            root = try setUp(&$0)
        } body: { host in
            let workspace = JobWorkspace(host.host, id: "w2", executor: "workshop")
            try await workspace.setUp(json([:]))
            try await workspace.setUp(job: "long", json([:]))
            let spec = host.task(#"{"file": "begun", "text": "yes", "wait": true}"#, executor: "workshop")
            let running = Task { @LoopActor in await workspace.execute(job: "long", spec, origin: Self.origin) }
            await eventually("the job") { text(root + "/w2/jobs/long/begun") == "yes" }
            let killed = try await kill(host)
            #expect(await running.value.outcome == .executorCrash)

            // What was made is still there: neither process nor handle had to be asked for it.
            #expect(text(root + "/w2/jobs/long/begun") == "yes")
            try await workspace.cleanUp(job: "long")
            #expect(namesOfDirectory(root + "/w2/jobs").isEmpty)
            #expect(!host.processes.contains { $0.process == killed })
            try await workspace.cleanUp(job: "long")
            try await workspace.cleanUp()
            #expect(namesOfDirectory(root).isEmpty)
        }
    }

    @Test func `a handle is good for another run of the host, and for no handle there is the id`() async throws {
        var root = ""
        var handle: [UInt8]?
        try await withHost {
            root = try setUp(&$0)
        } body: { host in
            let workspace = JobWorkspace(host.host, id: "w3", executor: "workshop")
            try await workspace.setUp(json([:]))
            handle = workspace.handle
            let again = JobWorkspace(host.host, id: "w3", executor: "workshop", handle: handle)
            _ = try await kill(host)
            // A clean-up may meet the process that is gone: it is asked for anew.
            try await again.cleanUp(job: "later")
            try await again.setUp(job: "later", json([:]))
            let done = await again.execute(
                job: "later",
                host.task(#"{"file": "a", "text": "b", "where": true}"#, executor: "workshop"),
                origin: Self.origin
            )
            #expect(done.output.text == "wrote a\nin \(root)/w3 later\n")
            // Whoever never heard the answer of the set-up cleans up all the same, as often as need be.
            for _ in 0..<2 { try await JobWorkspace(host.host, id: "w3", executor: "workshop").cleanUp() }
            #expect(namesOfDirectory(root).isEmpty)
        }
    }

    @Test(arguments: [(2, true), (3, false)])
    func `a clean-up over which the plugin dies is asked for anew, three times at most`(deaths: Int, works: Bool)
        async throws
    {
        // It dies over the clean-up of a job until it has died often enough, which it counts where workspaces are.
        let dying = """
            import os

            class Dying(Directories):
                def cleanup_job(self, place):
                    deaths = len(list(root().glob("death-*")))
                    if deaths < \(deaths):
                        (root() / f"death-{deaths}").touch()
                        os._exit(9)
                    super().cleanup_job(place)

            plugin.workspace("workshop", Dying())
            """
        var root = ""
        try await withHost {
            root = try setUp(&$0, last: dying)
        } body: { host in
            let workspace = JobWorkspace(host.host, id: "w6", executor: "workshop")
            try await workspace.setUp(json([:]))
            try await workspace.setUp(job: "j", json([:]))
            do throws(Failure) {
                try await workspace.cleanUp(job: "j")
                #expect(works)
            } catch {
                #expect(!works)
                #expect(error.code == "executor_crash", "\(error)")
            }
            #expect(namesOfDirectory(root).count { $0.hasPrefix("death-") } == deaths)
            #expect(namesOfDirectory(root + "/w6/jobs").isEmpty == works)
        }
    }

    // MARK: Killed in a hook

    /// The hooks of the plugin's class, by the names that it has for them, in the order of a workspace's life.
    enum Hook: String, CaseIterable, Sendable {
        case setup
        case setUpJob = "setup_job"
        case save
        case restore
        case cleanUpJob = "cleanup_job"
        case cleanup

        /// Whether the host asks a new process by itself.
        var isRepeated: Bool { self == .cleanUpJob || self == .cleanup }

        /// Changes the plugin so that this hook says that it is there and does not come back, before or behind its work; the
        /// second time, it only does its work.
        func hanging(isDone: Bool) -> String {
            """
            import threading

            class Hanging(Directories):
                def \(rawValue)(self, place, *more):
                    mark = root() / "hanging"
                    if mark.exists() or \(isDone ? "True" : "False"):
                        done = super().\(rawValue)(place, *more)
                    if not mark.exists():
                        mark.touch()
                        threading.Event().wait()
                    return done

            plugin.workspace("workshop", Hanging())
            """
        }
    }

    /// Has all hooks called, the one that hangs among them.
    /// - Returns: the failures, by hook.
    @LoopActor
    private func live(_ workspace: JobWorkspace, _ host: TestHost) async -> [Hook: Failure] {
        var failures: [Hook: Failure] = [:]
        func attempt(_ hook: Hook, _ body: @LoopActor () async throws -> Void) async {
            do { try await body() } catch let failure as Failure { failures[hook] = failure } catch {
                Issue.record(error)
            }
        }
        let artifact = WorkspaceRequest.Artifact(name: "result", path: "out")
        await attempt(.setup) { try await workspace.setUp(json([:])) }
        if failures.isEmpty {
            await attempt(.setUpJob) { try await workspace.setUp(job: "job", json([:])) }
        }
        if failures.isEmpty {
            let spec = host.task(#"{"file": "out", "text": "made"}"#, executor: "workshop")
            let result = await workspace.execute(job: "job", spec, origin: Self.origin)
            #expect(result.outcome == .succeeded, "\(result.text)")
            await attempt(.save) {
                var saved = artifact
                saved.saved = try await workspace.save(job: "job", artifact)
                await attempt(.restore) { try await workspace.restore(job: "job", saved) }
            }
        }
        // Whatever was answered (M58), and without the handle where its answer was lost.
        await attempt(.cleanUpJob) { try await workspace.cleanUp(job: "job") }
        await attempt(.cleanup) { try await workspace.cleanUp() }
        return failures
    }

    @Test(arguments: Hook.allCases, [false, true])
    func `a plugin that is killed in a hook leaves nothing, and the hook is not told as done`(hook: Hook, isDone: Bool)
        async throws
    {
        var root = ""
        try await withHost {
            root = try setUp(&$0, last: hook.hanging(isDone: isDone))
        } body: { host in
            let workspace = JobWorkspace(host.host, id: "w7", executor: "workshop")
            let living = Task { @LoopActor in await live(workspace, host) }
            await eventually("the hook") { namesOfDirectory(root).contains("hanging") }
            let killed = try await kill(host)
            let failures = await living.value

            // A clean-up was asked for again, of a new process, and is done; all else is not known to be.
            #expect(Set(failures.keys) == (hook.isRepeated ? [] : [hook]), "\(failures)")
            if let failure = failures[hook] {
                #expect(failure.code == "executor_crash" && failure.sideEffects == .possible, "\(failure)")
                #expect(failure.hint?.contains("clean the workspace up") == true, "\(failure)")
            }
            #expect(namesOfDirectory(root) == ["hanging"])
            #expect(!host.processes.contains { $0.process == killed })
        }
    }

    @Test func `a hook that fails says why, and one that an executor does not have is not asked for`() async throws {
        try await withHost {
            _ = try setUp(&$0)
            $0.plugins = [HostSetup.Plugin()]
        } body: { host in
            let workspace = JobWorkspace(host.host, id: "w4", executor: "workshop")
            try await workspace.setUp(json([:]))
            let twice = await #expect(throws: Failure.self) { try await workspace.setUp(json([:])) }
            #expect(twice?.message.contains("FileExistsError") == true, "\(String(describing: twice))")
            try await workspace.setUp(job: "j", json([:]))
            let out = await #expect(throws: Failure.self) {
                _ = try await workspace.save(job: "j", .init(name: "x", path: "../../../etc/passwd"))
            }
            #expect(out?.code == "path_denied")
            try await workspace.cleanUp()
            let none = JobWorkspace(host.host, id: "w5", executor: "misbehave")
            let refused = await #expect(throws: Failure.self) { try await none.setUp(json([:])) }
            #expect(refused?.code == "no_workspaces")
        }
    }
}
