internal import OstlerProtocol
internal import OstlerTasks

// MARK: Workers

extension MemoryTables {
    mutating func register(_ registration: WorkerRegistration, at now: Int64) -> WorkerID {
        lastWorker += 1
        let id = WorkerID(rawValue: lastWorker)
        workers[id] = WorkerRecord(
            id: id,
            registration: registration,
            state: .active,
            beats: 0,
            registeredAt: now,
            lastSeenAt: now,
            running: 0
        )
        return id
    }

    /// A worker that may still report.
    private func living(_ id: WorkerID) throws(Failure) -> WorkerRecord {
        guard let worker = workers[id] else { throw .unknownWorker(id) }
        guard worker.state == .active || worker.state == .draining else { throw .workerEvicted(id) }
        return worker
    }

    mutating func beat(_ id: WorkerID, isDraining: Bool, at now: Int64) throws(Failure) -> HeartbeatAnswer {
        var worker = try living(id)
        worker.beats += 1
        worker.lastSeenAt = now
        if isDraining { worker.state = .draining }
        workers[id] = worker
        return HeartbeatAnswer(cancelRequests: try cancelRequests(to: id))
    }

    func cancelRequests(to id: WorkerID) throws(Failure) -> [Lease] {
        _ = try living(id)
        let wanted = inOrder.filter { $0.holder == id && $0.life.isCancelRequested }
        return wanted.map { Lease(task: $0.id, attempt: $0.life.attempt, worker: id) }
    }

    func nextMoments(after now: Int64) -> NextMoments {
        let waiting = tasks.values.map(\.life).filter(\.isWaiting)
        return NextMoments(
            due: waiting.filter { $0.state == .ready && $0.availableAt > now }.map(\.availableAt).min(),
            expiry: waiting.compactMap(\.expiresAt).filter { $0 > now }.min()
        )
    }

    mutating func retire(_ id: WorkerID, at now: Int64) throws(Failure) {
        var worker = try living(id)
        let running = held(by: id)
        guard running == 0 else { throw .workerBusy(id, running) }
        worker.state = .retired
        worker.lastSeenAt = now
        workers[id] = worker
    }

    mutating func evict(
        _ id: WorkerID,
        beats: Int64?,
        by successor: WorkerID,
        at now: Int64
    ) throws(Failure) -> [Orphan]? {
        guard var worker = workers[id] else { throw .unknownWorker(id) }
        _ = try living(successor)
        guard id != successor, worker.state != .retired, beats ?? worker.beats == worker.beats else { return nil }
        worker.state = .evicted
        workers[id] = worker
        var orphans: [Orphan] = []
        for task in inOrder where task.holder == id {
            guard let phase = task.life.phase else { continue }
            let lease = Lease(task: task.id, attempt: task.life.attempt, worker: successor)
            tasks[task.id]?.holder = successor
            tasks[task.id]?.add(JournalEntry(.workerLost, attempt: lease.attempt, worker: id), at: now)
            let identities = task.attempts.last?.identities ?? []
            orphans.append(Orphan(lease: lease, phase: phase, identities: identities, formerWorker: id))
        }
        return orphans
    }

    func held(by worker: WorkerID) -> Int { tasks.values.filter { $0.holder == worker }.count }

    var listedWorkers: [WorkerRecord] {
        let all = workers.values.sorted { $0.id > $1.id }.map { worker in
            var worker = worker
            worker.running = held(by: worker.id)
            return worker
        }
        let (present, past) = (all.filter(\.isPresent), all.filter { !$0.isPresent })
        return (present + past.prefix(WorkerRecord.mostPast)).sorted { $0.id > $1.id }
    }
}

// MARK: Attempts

extension MemoryTables {
    mutating func claim(_ request: ClaimRequest, at now: Int64) throws(Failure) -> [Claim] {
        let worker = try living(request.worker)
        guard worker.state == .active else { return [] }
        _ = expire(at: now)
        let registration = worker.registration
        let chosen = tasks.values.filter { task in
            task.life.state == .ready && task.life.availableAt <= now && queues[task.submission.queue] == false
                && request.queues?.contains(task.submission.queue) ?? true
                && registration.executors.contains(task.submission.executor)
                && task.submission.needs.isSubset(of: registration.labels)
        }.sorted { ($1.submission.priority, $0.id) < ($0.submission.priority, $1.id) }.prefix(max(0, request.slots))
        var claimed: [MemoryTask] = []
        for task in chosen { claimed.append(try claim(task.id, for: request, at: now) ?? task) }
        return claimed.map { task in
            Claim(
                lease: Lease(task: task.id, attempt: task.life.attempt, worker: request.worker),
                name: task.submission.name,
                executor: task.submission.executor,
                document: task.submission.document,
                origin: task.submission.origin,
                queue: task.submission.queue,
                priority: task.submission.priority,
                idempotencyKey: task.submission.idempotencyKey,
                submittedAt: task.submittedAt,
                begunBefore: task.life.begun - (request.intends ? 1 : 0)
            )
        }
    }

    private mutating func claim(
        _ id: TaskID,
        for request: ClaimRequest,
        at now: Int64
    ) throws(Failure) -> MemoryTask? {
        handle(.claim, id, worker: request.worker, at: now)
        guard var task = tasks[id] else { return nil }
        task.holder = request.worker
        task.claimedAt = now
        task.attempts.append(
            AttemptRecord(number: task.life.attempt, worker: request.worker, claimedAt: now, identities: [])
        )
        tasks[id] = task
        let lease = Lease(task: id, attempt: task.life.attempt, worker: request.worker)
        if request.intends, intend(lease, at: now), let identity = request.identity {
            try identify(lease, identity, at: now)
        }
        return tasks[id]
    }

    /// Whether who reports may.
    private func stands(_ lease: Lease) -> Bool {
        guard let task = tasks[lease.task] else { return false }
        return task.holder == lease.worker && task.life.attempt == lease.attempt
    }

    mutating func intend(_ lease: Lease, at now: Int64) -> Bool {
        guard stands(lease) else { return false }
        let change = handle(.intend(attempt: lease.attempt), lease.task, worker: lease.worker, at: now)
        guard change == .moved else { return false }
        amend(lease) { $0.intendedAt = now }
        return true
    }

    mutating func identify(_ lease: Lease, _ identity: ProcessIdentity, at now: Int64) throws(Failure) {
        guard stands(lease),
            handle(.identify(attempt: lease.attempt), lease.task, worker: lease.worker, at: now) == .moved
        else { throw .staleAttempt(lease) }
        amend(lease) { attempt in
            attempt.identifiedAt = attempt.identifiedAt ?? now
            attempt.identities.append(identity)
        }
    }

    mutating func release(_ lease: Lease, at now: Int64) -> Settlement {
        settle(lease, by: .release(attempt: lease.attempt), at: now)
    }

    mutating func abandon(_ lease: Lease, at now: Int64) -> Settlement {
        settle(lease, by: .abandon(attempt: lease.attempt), .abandoned, at: now)
    }

    mutating func finish(_ completion: Completion, at now: Int64) -> Settlement {
        let lease = completion.lease
        guard stands(lease) else {
            let word = completion.end.outcome.rawValue
            let entry = JournalEntry(.staleReport, attempt: lease.attempt, worker: lease.worker, word: word)
            tasks[lease.task]?.add(entry, at: now)
            return .stale
        }
        for note in completion.notes { tasks[lease.task]?.add(JournalEntry(note, attempt: lease.attempt), at: now) }
        try? append(completion.log, to: lease, at: now)
        let attachments = keep(completion.attachments)
        tasks[lease.task]?.result = completion.result
        tasks[lease.task]?.attachments = attachments
        dropUnnamedBlobs()
        return settle(lease, by: .finish(attempt: lease.attempt, completion.end), completion.end, at: now)
    }

    private mutating func settle(
        _ lease: Lease,
        by event: TaskLifecycle.Event,
        _ end: AttemptEnd? = nil,
        at now: Int64
    ) -> Settlement {
        guard stands(lease) else { return .stale }
        // An attempt that was given back has no outcome.
        let end = tasks[lease.task]?.life.phase == .claimed && event == .abandon(attempt: lease.attempt) ? nil : end
        let change = handle(event, lease.task, worker: lease.worker, at: now)
        guard let settlement = Settlement(change) else { return .stale }
        if let end { tasks[lease.task]?.errorCode = end.code }
        amend(lease) { attempt in
            attempt.endedAt = now
            attempt.outcome = end?.outcome
            attempt.errorCode = end?.code
        }
        return settlement
    }

    private mutating func amend(_ lease: Lease, _ body: (inout AttemptRecord) -> Void) {
        guard var attempts = tasks[lease.task]?.attempts,
            let place = attempts.firstIndex(where: { $0.number == lease.attempt })
        else { return }
        body(&attempts[place])
        tasks[lease.task]?.attempts = attempts
    }

    mutating func append(_ chunks: [LogChunk], to lease: Lease, at now: Int64) throws(Failure) {
        guard stands(lease) else { throw .staleAttempt(lease) }
        for chunk in chunks {
            let sequence = (tasks[lease.task]?.log.last?.sequence ?? 0) + 1
            tasks[lease.task]?.log.append(
                LogRecord(sequence: sequence, attempt: lease.attempt, time: now, chunk: chunk)
            )
        }
    }
}
