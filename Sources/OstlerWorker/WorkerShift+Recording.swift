internal import OstlerHost
internal import OstlerProtocol
internal import OstlerSandbox
internal import OstlerStore
internal import OstlerSystem
internal import OstlerTasks

/// How a shift tells the store what came of its attempts.
extension WorkerShift {
    /// Results that are recorded together at most.
    private static let mostRecorded = 256

    func record() {
        guard !isRecording, recordTimer == nil else { return }
        guard !reports.isEmpty else { return endIfOver() }
        let earliest = lastRecord.advanced(milliseconds: settings.pace.gather)
        // Where slots are wanted, or the end is waited for, nothing is gathered.
        guard freeSlots == 0 || earliest <= .now else { return record(at: earliest) }
        lastRecord = .now
        isRecording = true
        let batch = Array(reports.prefix(Self.mostRecorded))
        reports.removeFirst(batch.count)
        let store = store
        recordThread.perform {
            let completions = batch.map { $0.completion() }
            return Result { () throws(Failure) in try store.finish(completions, at: WallClock.milliseconds) }
        } reply: {
            self.recorded(batch, $0)
        }
    }

    private func record(at moment: Instant) {
        recordTimer = EventLoop.shared.schedule(at: moment) { [weak self] in
            self?.recordTimer = nil
            self?.record()
        }
    }

    private func recorded(_ batch: [AttemptReport], _ result: Result<[Settlement], Failure>) {
        isRecording = false
        switch result {
        case .success(let settlements):
            works(.record)
            works(.identify)
            works(.log)
            isIdle = false
            for (report, settlement) in zip(batch, settlements) {
                let (name, code) = (report.result.id, report.result.error?.code)
                tell(.settled(report.lease, name: name, settlement, error: code))
                if case .ended = settlement {
                    settings.whenEnded?(report.lease.task, report.result, host.provider.vault)
                }
            }
            wake()
            record()
        case .failure(let failure):
            reports = batch + reports
            fails(.record, failure)
            record(at: .now.advanced(milliseconds: settings.pace.retry))
            endIfOver()
        }
    }
}
