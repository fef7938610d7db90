internal import OstlerCatalog
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSystem

/// A workspace that the kit has had set up, with its jobs.
struct KitWorkspace: Sendable {
    let executor: String
    /// What it and its jobs are to be like.
    let spec: JSONValue
    let jobSpec: JSONValue
    /// Unique for ever, as the host's are.
    let id = "kit-" + String(UInt64.random(in: 0...UInt64.max), radix: 16)
    /// What `workspace/setup` answered; nil if it has not.
    var handle: JSONValue?
    /// Those whose set-up was begun.
    var jobs: [String] = []

    /// One that a task can be executed in.
    init(for sample: TaskSample) {
        executor = sample.executor.name
        // A payload that was made from the schema goes where the first example goes.
        let example = sample.example ?? sample.executor.examples.first
        (spec, jobSpec) = (example?.workspace ?? [:], example?.job ?? [:])
    }

    /// Whether a task can be executed in it.
    func suits(_ sample: TaskSample) -> Bool {
        let due = KitWorkspace(for: sample)
        return executor == due.executor && spec == due.spec && jobSpec == due.jobSpec
    }

    /// The member `workspace` of a message.
    /// - Parameter isHandleLost: whether the host never heard the handle.
    func place(job: String? = nil, isHandleLost: Bool = false) -> JSONValue {
        var place = JSONObject([("id", .string(id))])
        if let job { place["job"] = .string(job) }
        if let handle, !isHandleLost { place["handle"] = handle }
        return .object(place)
    }
}

extension ConformanceRun {
    /// The job in which tasks are executed.
    static let job = "job"

    /// Where a process executes a task, if its executor has workspaces: set up for the first one of its kind. Else nil.
    func place(of sample: TaskSample, _ peer: PluginPeer) async throws -> JSONValue? {
        guard sample.executor.features.workspace else { return nil }
        if let known = peer.workspaces.first(where: { $0.suits(sample) }) { return known.place(job: Self.job) }
        var workspace = try await setUpWorkspace(for: sample, peer)
        try await setUp(job: Self.job, in: &workspace, peer)
        peer.workspaces.append(workspace)
        return workspace.place(job: Self.job)
    }

    // MARK: Hooks

    /// The request of a hook.
    func request(
        _ hook: WorkspaceHook,
        _ workspace: KitWorkspace,
        job: String? = nil,
        isHandleLost: Bool = false,
        with more: [(String, JSONValue)] = [],
        _ peer: PluginPeer
    ) -> KitRequest {
        let place = workspace.place(job: job, isHandleLost: isHandleLost)
        let params: [(String, JSONValue)] = [("executor", .string(workspace.executor)), ("workspace", place)]
        return KitRequest(hook.method.description, id: peer.nextID(), params + more)
    }

    /// Sends a request and waits for the answer, which must be a result.
    func result(of request: KitRequest, _ peer: PluginPeer, _ circumstance: String = "") async throws -> PeerMessage {
        peer.send(request)
        let answer = try await answer(peer, request.id, to: request.method + circumstance)
        guard case .result = answer.body else {
            throw TrialEnd.failed("\(request.method)\(circumstance): \(answer.excerpt)")
        }
        return answer
    }

    func setUpWorkspace(for sample: TaskSample, _ peer: PluginPeer) async throws -> KitWorkspace {
        var workspace = begin(for: sample)
        let answer = try await result(of: setUpRequest(workspace, peer), peer)
        guard let handle = answer.value["handle"] else {
            throw TrialEnd.failed("workspace/setup: no handle: \(answer.excerpt)")
        }
        workspace.handle = handle
        openWorkspaces[workspace.id] = workspace
        return workspace
    }

    func setUp(job: String, in workspace: inout KitWorkspace, _ peer: PluginPeer) async throws {
        workspace.jobs.append(job)
        openWorkspaces[workspace.id] = workspace
        let request = request(.setUpJob, workspace, job: job, with: [("spec", workspace.jobSpec)], peer)
        _ = try await result(of: request, peer)
    }

    func setUpRequest(_ workspace: KitWorkspace, _ peer: PluginPeer) -> KitRequest {
        request(.setUpWorkspace, workspace, with: [("spec", workspace.spec)], peer)
    }

    /// A workspace that will be cleaned up whatever becomes of it.
    func begin(for sample: TaskSample) -> KitWorkspace {
        let workspace = KitWorkspace(for: sample)
        openWorkspaces[workspace.id] = workspace
        return workspace
    }

    // MARK: Cleaning up

    /// Has a workspace and its jobs cleaned up; that it is refused breaks a promise.
    func cleanUp(_ workspace: KitWorkspace, _ peer: PluginPeer) async {
        let hooks = workspace.jobs.map { (WorkspaceHook.cleanUpJob, String?.some($0)) } + [(.cleanUpWorkspace, nil)]
        for (hook, job) in hooks {
            let request = request(hook, workspace, job: job, peer)
            peer.send(request)
            guard let answer = try? await answer(peer, request.id, to: request.method) else { return }
            guard case .result = answer.body else {
                // Without a handle, whether it can at all is another check's.
                if workspace.handle != nil { peer.breach("M57-again", "\(request.method): \(answer.excerpt)") }
                return
            }
        }
        openWorkspaces[workspace.id] = nil
    }

    /// Before a process leaves, if it can still be asked and nothing is at work in them.
    func cleanUpWorkspaces(of peer: PluginPeer) async {
        guard peer.isStreamOpen, !peer.isGone, !peer.rules.isDismissed, !peer.rules.hasOpenTasks else { return }
        for workspace in peer.workspaces { await cleanUp(workspace, peer) }
    }

    /// What sessions that ended early have left is cleaned up by one more process.
    func cleanUpWorkspaces() async {
        guard !openWorkspaces.isEmpty else { return }
        // That the process did not even start is told by the check that is about it.
        try? await session { peer in
            for workspace in openWorkspaces.values.sorted(by: { $0.id < $1.id }) { await cleanUp(workspace, peer) }
        }
    }
}
