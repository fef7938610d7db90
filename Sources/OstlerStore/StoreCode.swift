package import OstlerProtocol

/// The codes of the failures of a store.
package enum StoreCode: String, Sendable, CaseIterable {
    case queueFull = "queue_full"
    case idempotencyConflict = "idempotency_conflict"
    case unknownDependency = "unknown_dependency"
    case unknownTask = "unknown_task"
    case unknownWorker = "unknown_worker"
    case unknownBlob = "unknown_blob"
    case alreadyDone = "already_done"
    case alreadySucceeded = "already_succeeded"
    case notDone = "not_done"
    case neededByOthers = "needed_by_others"
    case staleAttempt = "stale_attempt"
    case workerEvicted = "worker_evicted"
    case workerBusy = "worker_busy"
    case storeFull = "store_full"
    case storeReadOnly = "store_read_only"
    case storeLocked = "store_locked"
    case storeCorrupt = "store_corrupt"
    case storeTooNew = "store_too_new"
    case storeTooOld = "store_too_old"
    case storeNotOurs = "store_not_ours"
    case storeUnsafe = "store_unsafe"
    case storeUnreachable = "store_unreachable"
    case storeFault = "store_fault"
}

extension Failure {
    package init(
        store code: StoreCode,
        fault: Fault = .user,
        retry: Retry = .never,
        _ message: String,
        limit: Limit? = nil,
        hint: String? = nil
    ) {
        self.init(code.rawValue, fault: fault, retry: retry, message: message, limit: limit, hint: hint)
    }

    /// Nil for a failure that is no store's.
    package var storeCode: StoreCode? { StoreCode(rawValue: code) }

    static func queueFull(_ queue: String, capacity: Int, observed: Int) -> Failure {
        Failure(
            store: .queueFull,
            retry: .after,
            "the queue \(queue) is full: \(observed) tasks would wait, \(capacity) may",
            limit: Limit(name: "queue_capacity", limit: UInt64(capacity), observed: UInt64(observed)),
            hint: "submit again when workers have caught up; `ostler queue stats` tells how it stands"
        )
    }

    static func idempotencyConflict(_ key: String, _ task: TaskID) -> Failure {
        Failure(
            store: .idempotencyConflict,
            "the idempotency key \(key) belongs to task \(task), which asks for something else",
            hint: "use another key; `ostler tasks show \(task)` shows what that task is"
        )
    }

    static func unknownDependency(_ dependency: String) -> Failure {
        Failure(store: .unknownDependency, "there is no task \(dependency) to wait for")
    }

    static func unknownTask(_ task: TaskID) -> Failure {
        Failure(
            store: .unknownTask,
            "there is no task \(task) in the store",
            hint: "it may have been removed by retention; `ostler tasks list` shows what there is"
        )
    }

    static func unknownWorker(_ worker: WorkerID) -> Failure {
        Failure(store: .unknownWorker, fault: .host, "there is no worker \(worker) in the store")
    }

    static func unknownBlob(_ digest: String) -> Failure {
        Failure(store: .unknownBlob, "the store holds no bytes with the digest \(digest)")
    }

    static func alreadyDone(_ task: TaskID, _ outcome: String) -> Failure {
        Failure(store: .alreadyDone, "task \(task) is done: \(outcome)")
    }

    static func alreadySucceeded(_ task: TaskID) -> Failure {
        Failure(
            store: .alreadySucceeded,
            "task \(task) did what it was for",
            hint: "submit it anew to have it done once more"
        )
    }

    static func notDone(_ task: TaskID) -> Failure {
        Failure(store: .notDone, "task \(task) is not done", hint: "cancel it first, or wait for it")
    }

    static func neededByOthers(_ task: TaskID) -> Failure {
        Failure(store: .neededByOthers, "a task that is not done depends on task \(task)")
    }

    static func staleAttempt(_ lease: Lease) -> Failure {
        Failure(
            store: .staleAttempt,
            fault: .host,
            "attempt \(lease.attempt) at task \(lease.task) is no longer worker \(lease.worker)'s: what it reports "
                + "changes nothing"
        )
    }

    static func workerEvicted(_ worker: WorkerID) -> Failure {
        Failure(
            store: .workerEvicted,
            fault: .host,
            "worker \(worker) was silent for too long, and what it held belongs to others",
            hint: "it ends what it runs and registers anew"
        )
    }

    static func workerBusy(_ worker: WorkerID, _ running: Int) -> Failure {
        Failure(store: .workerBusy, fault: .host, "worker \(worker) still holds \(running) attempts")
    }
}
