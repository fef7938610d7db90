internal import OstlerCatalog
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSystem

/// A workspace that the kit has had set up, with its jobs.
struct KitWorkspace: Sendable {
    let executor: String
    /// Unique for ever, as the host's are.
    let id = "kit-" + String(UInt64.random(in: 0...UInt64.max), radix: 16)
    /// What `workspace/setup` answered; nil if it has not.
    var handle: JSONValue?
    /// Those whose set-up was begun.
    var jobs: [String] = []

    init(_ executor: ExecutorManifest) { self.executor = executor.name }

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

    /// Where a process executes the tasks of an executor that has workspaces: set up for its first one. Nil for others.
    func place(of executor: ExecutorManifest, _ peer: PluginPeer) async throws -> JSONValue? {
        guard executor.features.workspace else { return nil }
        if let known = peer.workspaces[executor.name] { return known.place(job: Self.job) }
        var workspace = try await setUpWorkspace(of: executor, peer)
        try await setUp(job: Self.job, in: &workspace, peer)
        peer.workspaces[executor.name] = workspace
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

    func setUpWorkspace(of executor: ExecutorManifest, _ peer: PluginPeer) async throws -> KitWorkspace {
        var workspace = begin(executor)
        let request = request(.setUpWorkspace, workspace, with: [("spec", [:])], peer)
        let answer = try await result(of: request, peer)
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
        _ = try await result(of: request(.setUpJob, workspace, job: job, with: [("spec", [:])], peer), peer)
    }

    /// A workspace that will be cleaned up whatever becomes of it.
    func begin(_ executor: ExecutorManifest) -> KitWorkspace {
        let workspace = KitWorkspace(executor)
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
                return peer.breach("M57-again", "\(request.method): \(answer.excerpt)")
            }
        }
        openWorkspaces[workspace.id] = nil
    }

    /// Before a process leaves, if it can still be asked and nothing is at work in them.
    func cleanUpWorkspaces(of peer: PluginPeer) async {
        guard peer.isStreamOpen, !peer.isGone, !peer.rules.isDismissed, !peer.rules.hasOpenTasks else { return }
        for workspace in peer.workspaces.values { await cleanUp(workspace, peer) }
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
