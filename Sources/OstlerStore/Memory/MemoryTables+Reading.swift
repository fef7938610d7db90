internal import OstlerProtocol
internal import OstlerTasks

// MARK: Steering

extension MemoryTables {
    mutating func cancel(_ id: TaskID, by principal: String, at now: Int64) throws(Failure) -> Bool {
        _ = try task(id)
        switch handle(.cancel, id, principal: principal, at: now) {
        case .ended: return true
        case .refused: throw .alreadyDone(id, try task(id).life.outcome?.rawValue ?? "")
        default: return false
        }
    }

    mutating func reopen(_ id: TaskID, by principal: String, at now: Int64) throws(Failure) {
        _ = try task(id)
        switch handle(.reopen, id, principal: principal, at: now) {
        case .refused(.succeeded): throw .alreadySucceeded(id)
        case .refused: throw .notDone(id)
        default:
            tasks[id]?.endedAt = nil
            tasks[id]?.reason = nil
            tasks[id]?.errorCode = nil
        }
    }

    mutating func expire(at now: Int64) -> Int {
        inOrder.filter { handle(.expire, $0.id, at: now) != .none }.count
    }

    mutating func remove(_ ids: [TaskID]) throws(Failure) {
        for id in ids {
            let task = try task(id)
            guard task.life.outcome != nil else { throw .notDone(id) }
            guard !isNeeded(id) else { throw .neededByOthers(id) }
        }
        drop(Set(ids))
    }

    func isNeeded(_ id: TaskID) -> Bool {
        tasks.values.contains { $0.life.outcome == nil && $0.dependencies.contains(id) }
    }

    mutating func drop(_ ids: Set<TaskID>) {
        for id in ids { tasks[id] = nil }
        dropUnnamedBlobs()
    }

    mutating func dropUnnamedBlobs() {
        let named = Set(tasks.values.flatMap { $0.attachments.map(\.digest) })
        blobs = blobs.filter { named.contains($0.key) }
    }
}

// MARK: Telling

extension MemoryTables {
    func list(_ filter: TaskFilter, after cursor: TaskID?, limit: Int) -> TaskPage {
        let found = inOrder.reversed().filter { task in
            cursor.map { task.id < $0 } ?? true && filter.matches(summary(task), labels: task.submission.labels)
        }
        let page = found.prefix(max(1, limit)).map(summary)
        return TaskPage(tasks: page, next: found.count > page.count ? page.last?.id : nil)
    }

    func summary(_ task: MemoryTask) -> TaskSummary {
        TaskSummary(
            id: task.id,
            name: task.submission.name,
            executor: task.submission.executor,
            origin: task.submission.origin,
            queue: task.submission.queue,
            priority: task.submission.priority,
            state: task.life.state,
            attempt: task.life.attempt,
            isCancelRequested: task.life.isCancelRequested,
            isSetAside: task.life.isSetAside,
            submittedAt: task.submittedAt,
            availableAt: task.life.availableAt,
            expiresAt: task.life.expiresAt,
            claimedAt: task.claimedAt,
            endedAt: task.endedAt,
            reason: task.reason,
            errorCode: task.errorCode,
            bytes: task.bytes
        )
    }

    func details(_ task: MemoryTask) -> TaskDetails {
        TaskDetails(
            summary: summary(task),
            document: task.submission.document,
            rules: task.life.rules,
            idempotencyKey: task.submission.idempotencyKey,
            fingerprint: task.submission.fingerprint,
            needs: task.submission.needs,
            labels: task.submission.labels,
            dependencies: task.dependencies.filter { tasks[$0] != nil },
            dependents: inOrder.filter { $0.dependencies.contains(task.id) }.map(\.id),
            begun: task.life.begun,
            failures: task.life.failures,
            faults: task.life.faults,
            attempts: task.attempts,
            result: task.result,
            attachments: task.attachments
        )
    }

    func statistics(at now: Int64) -> [QueueStatistics] {
        queues.keys.sorted().map { queue in
            let here = tasks.values.filter { $0.submission.queue == queue }
            let waiting = here.filter { $0.life.state == .ready }
            let ready = waiting.filter { $0.life.availableAt <= now }
            return QueueStatistics(
                queue: queue,
                isPaused: queues[queue] ?? false,
                blocked: here.filter { $0.life.state == .blocked }.count,
                ready: ready.count,
                delayed: waiting.count - ready.count,
                running: here.filter { $0.life.phase != nil }.count,
                done: here.compactMap(\.life.outcome).reduce(into: [:]) { $0[$1, default: 0] += 1 },
                oldestReadyAt: ready.map(\.submittedAt).min()
            )
        }
    }
}

extension TaskFilter {
    func matches(_ task: TaskSummary, labels found: [String: String]) -> Bool {
        func agrees<T: Equatable>(_ wanted: T?, _ value: T?) -> Bool { wanted == nil || wanted == value }
        let state: StateName =
            switch task.state {
            case .blocked: .blocked
            case .ready: .ready
            case .running: .running
            case .done: .done
            }
        let outcome: Outcome? = if case .done(let outcome) = task.state { outcome } else { nil }
        return (states.isEmpty || states.contains(state))
            && (outcomes.isEmpty || outcome.map(outcomes.contains) ?? false)
            && agrees(executor, task.executor) && agrees(queue, task.queue) && agrees(name, task.name)
            && agrees(principal, task.origin.principal) && agrees(runID, task.origin.runID)
            && agrees(parentID, task.origin.parentID) && agrees(isSetAside, task.isSetAside)
            && labels.allSatisfy { found[$0.key] == $0.value }
            && submittedFrom.map { $0 <= task.submittedAt } ?? true
            && submittedBefore.map { task.submittedAt < $0 } ?? true
    }
}

// MARK: Keeping

extension MemoryTables {
    /// What a policy removes; see ``RetentionPolicy``.
    func retention(_ policy: RetentionPolicy, at now: Int64) -> (plan: RetentionPlan, leaving: Set<TaskID>) {
        let done = tasks.values.filter { $0.life.outcome != nil }
            .sorted { ($1.endedAt ?? 0, $1.id) < ($0.endedAt ?? 0, $0.id) }
        var plan = RetentionPlan(tasks: [:], bytes: 0, oldest: nil, newest: nil, keptTasks: 0, keptBytes: 0)
        var leaving: Set<TaskID> = []
        var sum: Int64 = 0
        for (place, task) in done.enumerated() {
            sum += task.bytes
            let endedAt = task.endedAt ?? 0
            if let reason = policy.reason(place: place, sum: sum, age: now - endedAt), !isNeeded(task.id) {
                plan.tasks[reason, default: 0] += 1
                plan.bytes += task.bytes
                plan.newest = plan.newest ?? endedAt
                plan.oldest = endedAt
                leaving.insert(task.id)
            } else {
                plan.keptTasks += 1
                plan.keptBytes += task.bytes
            }
        }
        return (plan, leaving)
    }
}

extension RetentionPolicy {
    /// Why a done task goes; nil if it stays.
    /// - Parameters:
    ///   - place: 0 for the task that ended last.
    ///   - sum: what it takes with all that ended after it.
    ///   - age: milliseconds since it ended.
    func reason(place: Int, sum: Int64, age milliseconds: Int64) -> RetentionPlan.Reason? {
        if let age, milliseconds > age { return .age }
        if let count, place >= count { return .count }
        if let bytes, sum > bytes { return .bytes }
        return nil
    }
}
