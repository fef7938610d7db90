internal import OstlerProtocol
internal import OstlerStore
internal import OstlerTasks

extension Submission {
    /// A task that says little.
    static func sample(
        _ name: String = "t",
        executor: String = "command",
        payload: String = "{}",
        principal: String = "anna",
        key: String? = nil,
        change: (inout Submission) -> Void = { _ in }
    ) -> Submission {
        var spec = TaskSpec(id: name, executor: executor, payload: Array(payload.utf8))
        spec.idempotencyKey = key
        let document = Array(#"{"id":"\#(name)","executor":"\#(executor)","payload":\#(payload)}"#.utf8)
        var submission = Submission(spec, document: document, origin: TaskOrigin(runID: "r1", principal: principal))
        change(&submission)
        return submission
    }
}

extension WorkerRegistration {
    static func sample(
        _ name: String = "w",
        labels: Set<String> = [],
        executors: Set<String> = ["command"]
    ) -> WorkerRegistration {
        WorkerRegistration(name: name, identity: .sample, slots: 4, labels: labels, executors: executors)
    }
}

extension ProcessIdentity {
    static let sample = ProcessIdentity(bootID: "b", pid: 7, startTime: 99, cgroup: "/c", role: "launcher")
}

extension AttemptEnd {
    static let success = AttemptEnd(.succeeded, sideEffects: .done)
    static let failure = AttemptEnd(.failed, sideEffects: .possible, code: "exit")
}

extension TaskStore {
    /// Accepts one task.
    func accept(_ submission: Submission = .sample(), capacity: Int? = nil, at now: Int64 = 1000) throws -> TaskID {
        try submit([submission], capacity: capacity, at: now)[0].task
    }

    /// Claims what there is for a new worker.
    func claimAll(_ worker: WorkerID, slots: Int = 100, intends: Bool = false, at now: Int64 = 1000) throws -> [Claim] {
        try claim(ClaimRequest(worker: worker, slots: slots, intends: intends), at: now)
    }

    func finish(_ lease: Lease, _ end: AttemptEnd, result: String = "{}", at now: Int64 = 1000) throws -> Settlement {
        try finish([Completion(lease, end, result: Array(result.utf8))], at: now)[0]
    }

    func state(_ task: TaskID) throws -> TaskLifecycle.State { try details(of: task).summary.state }

    func kinds(of task: TaskID) throws -> [TaskEvent.Kind] {
        try events(of: task, after: 0, limit: 1000).map(\.kind)
    }
}

/// The code of the failure of an operation; nil if there was none.
func storeCode(_ body: () throws -> Void) -> StoreCode? {
    do {
        try body()
        return nil
    } catch { return (error as? Failure)?.storeCode }
}
