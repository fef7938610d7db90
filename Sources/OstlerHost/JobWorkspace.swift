internal import OstlerCatalog
internal import OstlerJSON
package import OstlerProtocol
package import OstlerSystem
package import OstlerTasks

/// A workspace of one executor: jobs are executed in it, and hand each other artifacts.
///
/// Each hook has a limit of time. A hook that cleans up is asked again, of a new process, when the plugin dies over it; the
/// others are not, since what they did is not known. Whoever keeps ``id`` and ``handle`` can go on with the workspace in
/// another run of the host.
@LoopActor
package final class JobWorkspace {
    package let id: String
    package let executor: String
    /// What `workspace/setup` answered, as JSON text; nil before, and for ever if its answer was lost.
    package private(set) var handle: [UInt8]?
    private let host: Host
    private let milliseconds: Int64
    /// How often a hook that cleans up is tried when each process dies over it.
    private static let cleanupTries = 3

    /// - Parameters:
    ///   - id: unique for ever: the plugin names what it makes after it.
    ///   - handle: of a workspace that was set up before.
    ///   - milliseconds: how long a hook may take, the start of the plugin included.
    package init(_ host: Host, id: String, executor: String, handle: [UInt8]? = nil, milliseconds: Int64 = 60_000) {
        self.host = host
        self.id = id
        self.executor = executor
        self.handle = handle
        self.milliseconds = milliseconds
    }

    /// Sets it up; `spec` is JSON text that says what it is to be like.
    package func setUp(_ spec: [UInt8]) async throws(Failure) {
        let result = try await call(.setUpWorkspace, job: nil, spec: spec)
        handle = try Self.required(result.handle, of: .setUpWorkspace, executor)
    }

    package func setUp(job: String, _ spec: [UInt8]) async throws(Failure) {
        _ = try await call(.setUpJob, job: job, spec: spec)
    }

    /// Executes a task in a job: by `job/execute`, and in all else as any task.
    package func execute(job: String, _ spec: TaskSpec, origin: TaskOrigin, io: TaskIO = TaskIO()) async -> TaskResult {
        var spec = spec
        spec.place = WorkspacePlace(workspace: id, handle: handle, job: job)
        return await host.run(spec, origin: origin, io: io)
    }

    /// Keeps what lies at a path of the job. Answers what ``restore(job:_:)`` has to be given, as JSON text.
    package func save(job: String, _ artifact: WorkspaceRequest.Artifact) async throws(Failure) -> [UInt8] {
        let result = try await call(.saveArtifact, job: job, artifact: artifact)
        return try Self.required(result.artifact, of: .saveArtifact, executor)
    }

    /// Puts what was saved at a path of the job.
    package func restore(job: String, _ artifact: WorkspaceRequest.Artifact) async throws(Failure) {
        _ = try await call(.restoreArtifact, job: job, artifact: artifact)
    }

    /// Removes what a job has left; to be called for each job whose set-up was begun, whatever came of it.
    package func cleanUp(job: String) async throws(Failure) {
        _ = try await call(.cleanUpJob, job: job)
    }

    /// Removes all of it; to be called if its set-up was begun, whatever came of that.
    package func cleanUp() async throws(Failure) {
        _ = try await call(.cleanUpWorkspace, job: nil)
    }

    // MARK: Hooks

    private func call(
        _ hook: WorkspaceHook,
        job: String?,
        spec: [UInt8]? = nil,
        artifact: WorkspaceRequest.Artifact? = nil
    ) async throws(Failure) -> WorkspaceResult {
        let place = WorkspacePlace(workspace: id, handle: handle, job: job)
        let request = WorkspaceRequest(executor: executor, place: place, spec: spec, artifact: artifact)
        let deadline = Instant.now.advanced(milliseconds: milliseconds)
        for _ in 1..<(hook.isRepeatable ? Self.cleanupTries : 1) {
            if let result = try await ask(hook, request, until: deadline) { return result }
        }
        if let result = try await ask(hook, request, until: deadline) { return result }
        throw Failure(
            "executor_crash",
            fault: .executor,
            sideEffects: .possible,
            message: "the plugin of \(executor) has died over \(hook.method) of workspace \(id)",
            hint: "what it made may be left: clean the workspace up"
        )
    }

    /// Nil if the process died before it answered.
    private func ask(
        _ hook: WorkspaceHook,
        _ request: WorkspaceRequest,
        until deadline: Instant
    ) async throws(Failure) -> WorkspaceResult? {
        let pool = try pool()
        let inquiry = HookInquiry(hook, executor)
        let timer = EventLoop.shared.schedule(at: deadline) {
            inquiry.settle(.failure(.hookTimeout(hook, self.executor)))
        }
        defer { EventLoop.shared.cancel(timer) }
        Task(executorPreference: EventLoop.shared) { await self.put(inquiry, hook, request, to: pool) }
        return try await inquiry.result()
    }

    private func put(
        _ inquiry: HookInquiry,
        _ hook: WorkspaceHook,
        _ request: WorkspaceRequest,
        to pool: ExecutorPool
    ) async {
        do throws(Failure) {
            let process = try await pool.servingProcess()
            process.session?.request(hook.method, from: inquiry) { request.encode(into: &$0) }
        } catch {
            inquiry.settle(.failure(error))
        }
    }

    private func pool() throws(Failure) -> ExecutorPool {
        guard let found = host.settings.catalog.executor(named: executor) else {
            throw Failure("unknown_executor", fault: .user, message: "there is no executor \(executor)")
        }
        guard found.executor.features.workspace else {
            throw Failure(
                "no_workspaces",
                fault: .user,
                message: "the executor \(executor) has no workspaces",
                hint: "its manifest must say features: {workspace: true}"
            )
        }
        return host.pool(of: found.plugin)
    }

    /// An answer's member that must be there, and that must be short enough to keep.
    private static func required(
        _ text: [UInt8]?,
        of hook: WorkspaceHook,
        _ executor: String
    ) throws(Failure) -> [UInt8] {
        guard let text, text.count <= WorkspaceResult.maximumBytes else {
            let why = text.map { "it holds \($0.count) bytes, \(WorkspaceResult.maximumBytes) are allowed" }
            throw .malformedHook(hook, executor, why ?? "what it should hold is missing")
        }
        return text
    }
}

/// One question to a plugin: what is heard first counts.
@LoopActor
private final class HookInquiry: Session.Asker {
    private let hook: WorkspaceHook
    private let executor: String
    private var continuation: UnsafeContinuation<Result<WorkspaceResult?, Failure>, Never>?
    private var settled: Result<WorkspaceResult?, Failure>?

    init(_ hook: WorkspaceHook, _ executor: String) {
        self.hook = hook
        self.executor = executor
    }

    /// To be called once.
    func result() async throws(Failure) -> WorkspaceResult? {
        let result = await withUnsafeContinuation { continuation in
            if let settled { continuation.resume(returning: settled) } else { self.continuation = continuation }
        }
        return try result.get()
    }

    func settle(_ result: Result<WorkspaceResult?, Failure>) {
        guard settled == nil else { return }
        settled = result
        continuation.take()?.resume(returning: result)
    }

    func answered(_ answer: Session.Answer) {
        do throws(JSONError) {
            switch answer {
            case .lost: settle(.success(nil))
            case .error(let bytes):
                var reader = JSONReader(bytes)
                settle(.failure(try Failure(reading: &reader)))
            case .result(let bytes):
                var reader = JSONReader(bytes)
                settle(.success(try WorkspaceResult(reading: &reader)))
            }
        } catch {
            settle(.failure(.malformedHook(hook, executor, error.reason)))
        }
    }
}

extension Failure {
    fileprivate static func malformedHook(_ hook: WorkspaceHook, _ executor: String, _ why: String) -> Failure {
        Failure(
            "executor_protocol",
            fault: .executor,
            sideEffects: .possible,
            message: "the answer of \(executor) to \(hook.method) cannot be used: \(why)"
        )
    }

    fileprivate static func hookTimeout(_ hook: WorkspaceHook, _ executor: String) -> Failure {
        Failure(
            "hook_timeout",
            fault: .executor,
            sideEffects: .possible,
            message: "\(executor) has not answered \(hook.method) in time",
            hint: "what it made may be left: clean the workspace up"
        )
    }
}
