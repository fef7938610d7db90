internal import OstlerProtocol
internal import OstlerTasks

/// What keeps a task's output from being taken, and by what means the plugin is kept from writing more.
struct OutputFlow {
    /// Who is behind.
    struct Holds: OptionSet {
        let rawValue: UInt8
        /// The reader of the task's output.
        static let sink = Holds(rawValue: 1)
        /// Its spool.
        static let spool = Holds(rawValue: 2)
    }

    var holds: Holds = []
    /// Nil if the plugin does not heed credit: then it is not read at all while somebody is behind.
    var credit: OutputCredit?
    /// Whether the task keeps its plugin from being read.
    var stopsSession = false
}

extension TaskRun {
    /// Takes note that somebody is behind; false if that is known, or if the task is to end.
    @discardableResult
    func hold(_ reason: OutputFlow.Holds) -> Bool {
        // The answer of a task that is to end must be heard, however slow the reader of its output is.
        guard evidence.ending == nil, !flow.holds.contains(reason), process?.session != nil else { return false }
        flow.holds.insert(reason)
        if flow.credit == nil { stopSession() }
        return true
    }

    func release(_ reason: OutputFlow.Holds) {
        guard !flow.holds.isEmpty else { return }
        flow.holds.subtract(reason)
        guard flow.holds.isEmpty else { return }
        if flow.stopsSession {
            flow.stopsSession = false
            process?.session?.release()
        }
        give(flow.credit?.refill(all: true))
    }

    /// After more has come: gives credit anew, or stops a plugin that writes on without.
    func settleCredit() {
        guard flow.credit != nil else { return }
        if flow.holds.isEmpty {
            give(flow.credit?.refill())
        } else if flow.credit?.isOverdrawn == true {
            stopSession()
        }
    }

    private func stopSession() {
        guard !flow.stopsSession, let session = process?.session else { return }
        flow.stopsSession = true
        session.hold()
    }

    private func give(_ bytes: Int?) {
        guard let bytes, !hasAnswer else { return }
        let credit = CreditNotification(task: spec.id, bytes: bytes)
        process?.session?.notify(CreditNotification.method) { credit.encode(into: &$0) }
    }
}
