internal import OstlerProtocol
internal import OstlerSystem
internal import OstlerTasks

/// A task with all that is known of it.
struct MemoryTask {
    let id: TaskID
    let submission: Submission
    let dependencies: [TaskID]
    let submittedAt: Int64
    var life: TaskLifecycle
    /// Who may report on the current attempt.
    var holder: WorkerID?
    var claimedAt: Int64?
    var endedAt: Int64?
    var reason: NoRetry?
    var errorCode: String?
    var attempts: [AttemptRecord] = []
    var events: [TaskEvent] = []
    var log: [LogRecord] = []
    var result: [UInt8]?
    var attachments: [AttachmentRecord] = []

    var bytes: Int64 {
        let log = log.reduce(0) { $0 + $1.chunk.bytes.count }
        return Int64(submission.document.count + (result?.count ?? 0) + log) + attachments.reduce(0) { $0 + $1.bytes }
    }

    mutating func add(_ entry: JournalEntry, at now: Int64) {
        events.append(
            TaskEvent(
                sequence: Int64(events.count + 1),
                time: now,
                kind: entry.kind,
                attempt: entry.attempt,
                worker: entry.worker,
                principal: entry.principal,
                word: entry.word,
                detail: entry.detail
            )
        )
    }
}

/// All that a store in memory has.
struct MemoryTables {
    var tasks: [TaskID: MemoryTask] = [:]
    var workers: [WorkerID: WorkerRecord] = [:]
    /// Whether it is paused.
    var queues: [String: Bool] = [:]
    var blobs: [String: [UInt8]] = [:]
    var lastTask: Int64 = 0
    var lastWorker: Int64 = 0
    var changes: Int64 = 0

    var inOrder: [MemoryTask] { tasks.values.sorted { $0.id < $1.id } }

    func task(_ id: TaskID) throws(Failure) -> MemoryTask {
        guard let task = tasks[id] else { throw .unknownTask(id) }
        return task
    }

    /// Lets a task handle an event, with all that follows from it for others.
    @discardableResult
    mutating func handle(
        _ event: TaskLifecycle.Event,
        _ id: TaskID,
        worker: WorkerID? = nil,
        principal: String? = nil,
        at now: Int64
    ) -> TaskLifecycle.Change {
        guard var task = tasks[id] else { return .none }
        let before = task.life.phase
        let change = task.life.handle(event, at: now)
        if let entry = JournalEntry(change, by: event, from: before, task.life, worker: worker, principal: principal) {
            task.add(entry, at: now)
        }
        if task.life.phase == nil { task.holder = nil }
        if case .ended(_, let reason) = change { (task.endedAt, task.reason) = (now, reason) }
        tasks[id] = task
        if case .ended(let outcome, _) = change {
            for dependent in inOrder where dependent.dependencies.contains(id) {
                handle(.dependencyDone(outcome), dependent.id, at: now)
            }
        }
        return change
    }
}

// MARK: Submitting

extension MemoryTables {
    mutating func submit(_ batch: [Submission], capacity: Int?, at now: Int64) throws(Failure) -> [Acceptance] {
        var answers: [Acceptance] = []
        for submission in batch {
            if let key = submission.idempotencyKey, let earlier = keyed(key, submission.origin.principal) {
                guard earlier.submission.fingerprint == submission.fingerprint else {
                    throw .idempotencyConflict(key, earlier.id)
                }
                answers.append(.known(earlier.id))
                continue
            }
            let dependencies = try resolve(submission.after, among: answers)
            answers.append(.accepted(accept(submission, after: dependencies, at: now)))
        }
        if let capacity {
            for queue in Set(batch.map(\.queue)).sorted() {
                let waiting = tasks.values.filter { $0.submission.queue == queue && $0.life.isWaiting }.count
                let added = zip(batch, answers).contains { $0.queue == queue && $1 == .accepted($1.task) }
                guard waiting <= capacity || !added else {
                    throw .queueFull(queue, capacity: capacity, observed: waiting)
                }
            }
        }
        return answers
    }

    private func keyed(_ key: String, _ principal: String) -> MemoryTask? {
        tasks.values.first { $0.submission.idempotencyKey == key && $0.submission.origin.principal == principal }
    }

    private func resolve(_ after: [Submission.Dependency], among answers: [Acceptance]) throws(Failure) -> [TaskID] {
        var found: Set<TaskID> = []
        for dependency in after {
            switch dependency {
            case .earlier(let place):
                guard answers.indices.contains(place) else { throw .unknownDependency("\(place) of the batch") }
                found.insert(answers[place].task)
            case .task(let id):
                guard tasks[id] != nil else { throw .unknownDependency("\(id)") }
                found.insert(id)
            }
        }
        return found.sorted()
    }

    private mutating func accept(_ submission: Submission, after dependencies: [TaskID], at now: Int64) -> TaskID {
        lastTask += 1
        let id = TaskID(rawValue: lastTask)
        let unmet = dependencies.filter { tasks[$0]?.life.outcome?.satisfiesDependents != true }
        let life = TaskLifecycle(
            rules: submission.rules(for: id),
            availableAt: submission.notBefore ?? now,
            unmet: unmet.count
        )
        var task = MemoryTask(
            id: id,
            submission: submission,
            dependencies: dependencies,
            submittedAt: now,
            life: life
        )
        task.add(JournalEntry(.submitted, principal: submission.origin.principal), at: now)
        for note in submission.notes { task.add(JournalEntry(note, attempt: nil), at: now) }
        tasks[id] = task
        queues[submission.queue] = queues[submission.queue] ?? false
        for outcome in unmet.compactMap({ tasks[$0]?.life.outcome }) { handle(.dependencyDone(outcome), id, at: now) }
        return id
    }

    mutating func record(_ run: FinishedRun) -> TaskID {
        lastTask += 1
        let id = TaskID(rawValue: lastTask)
        var task = MemoryTask(
            id: id,
            submission: run.submission,
            dependencies: [],
            submittedAt: run.submittedAt,
            life: run.lifecycle(for: id)
        )
        task.attempts = [run.attempt]
        (task.claimedAt, task.endedAt) = (run.startedAt, run.endedAt)
        (task.reason, task.errorCode) = (.final, run.end.code)
        task.result = run.result
        task.attachments = keep(run.attachments)
        for (entry, time) in run.journal { task.add(entry, at: time) }
        tasks[id] = task
        queues[run.submission.queue] = queues[run.submission.queue] ?? false
        return id
    }

    mutating func keep(_ attachments: [Attachment]) -> [AttachmentRecord] {
        attachments.map { attachment in
            let record = AttachmentRecord(attachment)
            blobs[record.digest] = attachment.bytes
            return record
        }
    }
}
