internal import Glibc
internal import OstlerCatalog
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSandbox
internal import OstlerSystem

extension ConformanceCheck {
    /// The hooks of workspaces. That tasks are executed in jobs as they are elsewhere all other checks show: they give the
    /// tasks of such an executor by `job/execute`.
    static let workspaces: [ConformanceCheck] = [
        ConformanceCheck(
            "M53-hooks",
            "answers all hooks of a workspace",
            remedy: "answer what the executor cannot do with an error that says so, but not with -32601",
            trial: hooks
        ),
        ConformanceCheck(
            "M54-handle",
            "answers with handles and artifacts of at most 65,536 bytes",
            remedy: "keep in the handle what leads to the workspace, and the rest in the workspace",
            trial: sizes
        ),
        ConformanceCheck(
            "M55-restart",
            "does each hook in a process that knows of no earlier one",
            remedy: "find the workspace by workspace.id, job and handle; keep nothing about it in memory",
            trial: restarts
        ),
        ConformanceCheck(
            "M56-lost",
            "cleans up by id alone if the handle was lost, what was made in part or never included",
            remedy: "name what you make after workspace.id, or keep a list of it by id",
            trial: lost
        ),
        ConformanceCheck(
            watched: "M57-again",
            "cleans up what is gone or was never made without complaint, as often as it is asked",
            remedy: "take what is not there for cleaned up",
            provoke: again
        ),
        ConformanceCheck(
            "M59-jobs",
            "executes tasks in jobs of one workspace that overlap",
            remedy: "keep jobs apart by workspace.job; one does not end another",
            trial: overlapping
        ),
        ConformanceCheck(
            "M60-busy",
            "answers cancel, health and shutdown also while a hook is at work",
            remedy: "read messages in one thread and work at hooks in others",
            trial: busy
        ),
    ]

    /// A task that is soon done, of the first executor that has workspaces.
    @LoopActor
    private static func require(_ run: ConformanceRun) throws -> TaskSample {
        guard let executor = run.plugin.manifest.executors.first(where: \.features.workspace) else {
            throw TrialEnd.notApplicable("it does not declare features.workspace")
        }
        let samples = (run.subject.examples + run.subject.generated).filter { $0.executor.name == executor.name }
        let plain = samples.first { $0.example?.outcome == .succeeded } ?? samples.first { $0.example == nil }
        guard let plain else { throw TrialEnd.unproven("\(executor.name) has no example that succeeds") }
        return plain
    }

    // MARK: Artifacts

    /// Nobody but the plugin knows what lies in a job: an artifact that cannot be saved is told by an error.
    @LoopActor
    private static func save(
        _ workspace: KitWorkspace,
        _ run: ConformanceRun,
        _ peer: PluginPeer
    ) async throws -> PeerMessage {
        let names: [(String, JSONValue)] = [("name", "artifact"), ("path", "artifact")]
        return try await answer(.saveArtifact, workspace, names, run, peer)
    }

    @LoopActor
    private static func answer(
        _ hook: WorkspaceHook,
        _ workspace: KitWorkspace,
        _ more: [(String, JSONValue)],
        _ run: ConformanceRun,
        _ peer: PluginPeer
    ) async throws -> PeerMessage {
        let request = run.request(hook, workspace, job: ConformanceRun.job, with: more, peer)
        peer.send(request)
        let answer = try await run.answer(peer, request.id, to: request.method)
        if case .error = answer.body, answer.value["code"]?.number?.exactInteger == -32601 {
            throw TrialEnd.failed("\(request.method): \(answer.excerpt)")
        }
        return answer
    }

    @LoopActor
    private static func hooks(_ run: ConformanceRun) async throws {
        let sample = try require(run)
        try await run.session { peer in
            var workspace = try await run.setUpWorkspace(for: sample, peer)
            try await run.setUp(job: ConformanceRun.job, in: &workspace, peer)
            let saved = try await save(workspace, run, peer)
            var artifact = JSONValue.null
            if case .result = saved.body {
                guard let found = saved.value["artifact"] else {
                    throw TrialEnd.failed("artifact/save: no artifact: \(saved.excerpt)")
                }
                artifact = found
            }
            let more: [(String, JSONValue)] = [("name", "artifact"), ("path", "again"), ("artifact", artifact)]
            _ = try await answer(.restoreArtifact, workspace, more, run, peer)
            for (hook, job) in [(WorkspaceHook.cleanUpJob, ConformanceRun.job), (.cleanUpWorkspace, nil)] {
                _ = try await run.result(of: run.request(hook, workspace, job: job, peer), peer)
            }
        }
    }

    @LoopActor
    private static func sizes(_ run: ConformanceRun) async throws {
        let sample = try require(run)
        try await run.session { peer in
            var workspace = run.begin(for: sample)
            let request = run.setUpRequest(workspace, peer)
            let made = try await run.result(of: request, peer)
            workspace.handle = made.value["handle"]
            try await run.setUp(job: ConformanceRun.job, in: &workspace, peer)
            let saved = try await save(workspace, run, peer)
            for (answer, what) in [(made, "handle"), (saved, "artifact")] {
                let result = try? answer.read { (reader) throws(JSONError) in try WorkspaceResult(reading: &reader) }
                let text = what == "handle" ? result?.handle : result?.artifact
                guard let text, text.count > WorkspaceResult.maximumBytes else { continue }
                throw TrialEnd.failed("the \(what) has \(text.count) bytes")
            }
        }
    }

    // MARK: Processes that end

    /// Says one thing to a fresh process and kills it.
    @LoopActor
    private static func once<R: Sendable>(
        _ run: ConformanceRun,
        _ body: @LoopActor (PluginPeer) async throws -> R
    ) async throws -> R {
        try await run.session { peer in
            let result = try await body(peer)
            peer.signal(SIGKILL)
            _ = await peer.wait { peer.isGone }
            return result
        }
    }

    @LoopActor
    private static func restarts(_ run: ConformanceRun) async throws {
        let sample = try require(run)
        var workspace = try await once(run) { try await run.setUpWorkspace(for: sample, $0) }
        let job = ConformanceRun.job
        workspace = try await once(run) { peer in
            var workspace = workspace
            try await run.setUp(job: job, in: &workspace, peer)
            return workspace
        }
        let reply = try await once(run) { peer in
            peer.workspaces.append(workspace)
            return try await run.perform(sample, by: peer)
        }
        try expectDone(reply, sample, "in a process of its own")
        for (hook, job) in [(WorkspaceHook.cleanUpJob, Optional(job)), (.cleanUpWorkspace, nil)] {
            try await once(run) { peer in
                _ = try await run.result(of: run.request(hook, workspace, job: job, peer), peer, " in a new process")
            }
        }
    }

    @LoopActor
    private static func lost(_ run: ConformanceRun) async throws {
        let sample = try require(run)
        let whole = try await once(run) { peer in
            var workspace = try await run.setUpWorkspace(for: sample, peer)
            try await run.setUp(job: ConformanceRun.job, in: &workspace, peer)
            return workspace
        }
        // Killed as soon as it has the request: what there is of it nobody knows.
        let begun = run.begin(for: sample)
        try await once(run) { peer in
            peer.send(run.setUpRequest(begun, peer))
            _ = await peer.wait { peer.hasTakenAll || peer.isGone }
        }
        let never = run.begin(for: sample)
        try await run.session { peer in
            @LoopActor func cleanUp(_ hook: WorkspaceHook, _ workspace: KitWorkspace, job: String?, _ what: String)
                async throws
            {
                let request = run.request(hook, workspace, job: job, isHandleLost: true, peer)
                _ = try await run.result(of: request, peer, " without a handle, of \(what)")
            }
            try await cleanUp(.cleanUpJob, whole, job: ConformanceRun.job, "a job that is there")
            try await cleanUp(.cleanUpWorkspace, whole, job: nil, "a workspace that is there")
            try await cleanUp(.cleanUpWorkspace, begun, job: nil, "one that was made in part")
            try await cleanUp(.cleanUpWorkspace, never, job: nil, "one that was never made")
        }
    }

    @LoopActor
    private static func again(_ run: ConformanceRun) async throws {
        let sample = try require(run)
        try await run.session { peer in
            var workspace = try await run.setUpWorkspace(for: sample, peer)
            try await run.setUp(job: ConformanceRun.job, in: &workspace, peer)
            workspace.jobs.append("never-made")
            for _ in 0..<2 { await run.cleanUp(workspace, peer) }
        }
    }

    // MARK: At once

    @LoopActor
    private static func overlapping(_ run: ConformanceRun) async throws {
        let sample = try require(run)
        let jobs = ["first", "second"]
        try await run.session { peer in
            var workspace = try await run.setUpWorkspace(for: sample, peer)
            for job in jobs { try await run.setUp(job: job, in: &workspace, peer) }
            peer.workspaces.append(workspace)
            var open: [(job: String, task: GivenTask)] = []
            for job in jobs {
                let task = try await run.give(sample, to: peer) { request in
                    request.params["workspace"] = workspace.place(job: job)
                }
                open.append((job, task))
                guard sample.executor.concurrency == 1 || job == jobs.last else { continue }
                for (job, task) in open {
                    try expectDone(try await run.reply(peer, to: task), sample, "in the \(job) of two jobs")
                }
                open = []
            }
        }
    }

    @LoopActor
    private static func expectDone(_ reply: TaskReply, _ sample: TaskSample, _ circumstance: String) throws {
        guard let due = sample.example?.outcome?.rawValue, reply.outcome != due else { return }
        throw TrialEnd.failed("\(sample.title) \(circumstance): \(reply.text), not \(due)")
    }

    /// What is sent right behind a hook comes while it is at work, if that takes any time.
    @LoopActor
    private static func busy(_ run: ConformanceRun) async throws {
        let sample = try require(run)
        var questions: [(String, [(String, JSONValue)])] = []
        if run.plugin.manifest.executors.contains(where: \.features.health) { questions.append(("health", [])) }
        if sample.executor.features.cancel {
            questions.append(("cancel", [("task", "nothing"), ("reason", "requested"), ("grace_ms", 5000)]))
        }
        try await run.session { peer in
            let workspace = run.begin(for: sample)
            var requests = [run.setUpRequest(workspace, peer)]
            requests += questions.map { KitRequest($0.0, id: peer.nextID(), $0.1) }
            try await sendAtOnce(requests, expecting: requests, run, peer)
        }
        try await run.session { peer in
            let workspace = run.begin(for: sample)
            let leave = KitRequest("shutdown", id: peer.nextID())
            let hook = run.setUpRequest(workspace, peer)
            try await sendAtOnce([hook, leave], expecting: [leave], run, peer)
            guard await peer.wait(for: { peer.isGone }), peer.exit?.exitCode == 0 else {
                throw TrialEnd.failed("after shutdown behind workspace/setup")
            }
        }
    }

    @LoopActor
    private static func sendAtOnce(
        _ requests: [KitRequest],
        expecting due: [KitRequest],
        _ run: ConformanceRun,
        _ peer: PluginPeer
    ) async throws {
        for request in requests { peer.announce(request) }
        peer.send(raw: requests.flatMap(\.line))
        for request in due {
            _ = try await run.answer(peer, request.id, to: "\(request.method), beside \(requests[0].method)")
        }
    }
}
