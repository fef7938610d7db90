internal import OstlerSystem
internal import OstlerTasks

extension Submission {
    /// What is settled about the task from here on.
    func rules(for task: TaskID) -> TaskRules {
        TaskRules(
            retry: retry,
            idempotency: idempotency,
            hasKey: idempotencyKey != nil,
            expiresAt: expiresAt,
            seed: UInt64(bitPattern: task.rawValue)
        )
    }
}

extension FinishedRun {
    /// Of a task that had one attempt, which is over.
    func lifecycle(for task: TaskID) -> TaskLifecycle {
        TaskLifecycle(
            restoring: submission.rules(for: task),
            state: .done(end.outcome),
            attempt: 1,
            begun: 1,
            failures: end.kind == .failure ? 1 : 0,
            faults: end.kind == .fault ? 1 : 0,
            availableAt: submittedAt,
            expiresAt: submission.expiresAt,
            isCancelRequested: false,
            unmet: 0,
            isSetAside: false
        )
    }

    /// No worker had it.
    var attempt: AttemptRecord {
        AttemptRecord(
            number: 1,
            worker: WorkerID(rawValue: 0),
            claimedAt: startedAt,
            endedAt: endedAt,
            identities: [],
            outcome: end.outcome,
            errorCode: end.code
        )
    }

    var journal: [(entry: JournalEntry, time: Int64)] {
        [(JournalEntry(.submitted, principal: submission.origin.principal), submittedAt)]
            + submission.notes.map { (JournalEntry($0, attempt: nil), submittedAt) } + [
                (JournalEntry(.started, attempt: 1), startedAt),
                (JournalEntry(.ended, attempt: 1, word: end.outcome.rawValue), endedAt),
            ]
    }
}

extension TaskLifecycle {
    /// Accepted, and neither claimed nor done.
    var isWaiting: Bool { state == .blocked || state == .ready }

    var stateName: TaskFilter.StateName {
        switch state {
        case .blocked: .blocked
        case .ready: .ready
        case .running: .running
        case .done: .done
        }
    }
}

extension AttachmentRecord {
    init(_ attachment: Attachment) {
        var digest = SHA256()
        attachment.bytes.withUnsafeBytes { digest.update($0) }
        self.init(name: attachment.name, digest: digest.finish(), bytes: Int64(attachment.bytes.count))
    }
}

extension Settlement {
    /// Nil for a change that settles nothing.
    init?(_ change: TaskLifecycle.Change) {
        switch change {
        case .none, .refused: return nil
        case .moved: self = .released
        case .retries(let moment): self = .retries(at: moment)
        case .ended(let outcome, _): self = .ended(outcome)
        }
    }
}

extension WorkerRecord {
    /// How many of those are listed that are gone and hold nothing.
    static let mostPast = 100

    var isPresent: Bool { state == .active || state == .draining || running > 0 }
}
