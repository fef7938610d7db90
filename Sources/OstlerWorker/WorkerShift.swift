package import OstlerHost
package import OstlerProtocol
internal import OstlerSandbox
package import OstlerStore
package import OstlerSystem
internal import OstlerTasks

/// The life of a worker under one registration: claims, runs, records, until it has drained or was given up.
///
/// The loop decides; threads of its own wait for the store. What is claimed stands with its intent and with what it will
/// run below before anything of it is started. Nothing is claimed while something cannot be recorded.
@LoopActor
package final class WorkerShift {
    package enum End: Sendable {
        /// Everything that it held is over and recorded.
        case drained
        /// It was told to end at once: what ran was ended, and is recorded as lost.
        case stopped
        /// Others took it for dead.
        case evicted
        /// It cannot go on.
        case failed(Failure)
    }

    enum Mode {
        case working
        case draining
        case ending(End)
    }

    /// Who has to do with the store; each may fail while others do not.
    enum Errand: Hashable {
        case report
        case look
        case record
        case identify
        case log
        case recovery
    }

    let settings: WorkerSettings
    let store: any TaskStore
    let host: Host
    let worker: WorkerID
    let tell: @LoopActor (WorkerNotice) -> Void
    let lookThread = WorkerThread()
    let recordThread = WorkerThread()
    private let logThread = WorkerThread()
    let recoveryThread = WorkerThread()

    var mode = Mode.working
    var attempts: [TaskID: Attempt] = [:]
    var reports: [AttemptReport] = []
    var isRecording = false
    var recordTimer: TimerID?
    var lastRecord = Instant(nanoseconds: 0)
    var looker: LookPace
    private var heartbeat: Heartbeat?
    private var watch: ChangeWatch?
    var orphans: [Orphan] = []
    var adopting: Set<WorkerID> = []
    /// A report has come back: which workers are gone, and may have left something, is known.
    var hasReported = false
    var isSettling = false
    var troubles: [Errand: Instant] = [:]
    /// What all that is started runs below now.
    var root: ProcessIdentity?
    var isIdle = false
    var waiter: UnsafeContinuation<End, Never>?

    /// - Parameters:
    ///   - worker: as the store has registered it.
    ///   - host: belongs to the shift; it is stopped at its end.
    ///   - tell: told of what happens, on the loop.
    package init(
        _ store: any TaskStore,
        _ worker: WorkerID,
        _ settings: WorkerSettings,
        _ host: Host,
        tell: @escaping @LoopActor (WorkerNotice) -> Void
    ) {
        (self.store, self.worker, self.settings, self.host, self.tell) = (store, worker, settings, host, tell)
        looker = LookPace(settings.pace)
    }

    // MARK: Beginning and end

    /// Works until its end; everything that it started is gone when this returns.
    package func run() async -> End {
        let file = settings.changingFile
        watch = file.flatMap { ChangeWatch($0) { [weak self] in self?.wake() } }
        if watch == nil { poll() }
        let heartbeat = Heartbeat(store, of: worker, pace: settings.pace) { pulse in
            Task(executorPreference: EventLoop.shared) { @LoopActor [weak self] in self?.felt(pulse) }
        }
        self.heartbeat = heartbeat
        do throws(Failure) {
            try heartbeat.start()
        } catch {
            return await close(.failed(error))
        }
        wake()
        let end = await withUnsafeContinuation { waiter = $0 }
        return await close(end)
    }

    private func close(_ end: End) async -> End {
        watch?.end()
        looker.end()
        if let recordTimer { EventLoop.shared.cancel(recordTimer) }
        let (store, worker, heartbeat) = (store, worker, heartbeat)
        let retires = orphans.isEmpty
        await withUnsafeContinuation { continuation in
            recordThread.perform {
                heartbeat?.stop()
                switch end {
                // A worker that holds something, or whose word does not count any more, does not say goodbye.
                case .drained where retires, .stopped where retires:
                    try? store.retire(worker, at: WallClock.milliseconds)
                default: break
                }
            } reply: {
                continuation.resume()
            }
        }
        await host.stop()
        return end
    }

    /// Claims nothing any more, and ends when everything that it holds is over.
    package func drain() {
        guard case .working = mode else { return }
        mode = .draining
        tell(.draining(running: attempts.count))
        heartbeat?.drain()
        endIfOver()
    }

    /// Ends everything at once.
    package func stop() { end(.stopped) }

    func end(_ end: End) {
        if case .ending = mode { return }
        mode = .ending(end)
        host.abandon()
        endIfOver()
    }

    func endIfOver() {
        guard let waiter, attempts.isEmpty, !isRecording, !looker.isLooking, !isSettling else { return }
        let end: End
        switch mode {
        case .working:
            guard settings.endsWhenIdle, isIdle, reports.isEmpty, hasReported, !isRecovering else { return }
            end = .drained
        case .draining:
            guard reports.isEmpty, adopting.isEmpty else { return }
            end = .drained
        // Results that a store in trouble does not take are left to whoever recovers them.
        case .ending(let wanted):
            guard reports.isEmpty || !troubles.isEmpty else { return }
            end = wanted
        }
        self.waiter = nil
        waiter.resume(returning: end)
    }

    /// Whether there is something left of workers that are gone, or may be.
    private var isRecovering: Bool { !orphans.isEmpty || !adopting.isEmpty || troubles[.recovery] != nil }

    // MARK: Running

    func begin(_ read: ReadClaim) {
        let lease = read.claim.lease
        let log = AttemptLog(lease, store, on: logThread, wait: settings.pace.log) { [weak self] failure in
            guard let failure else { self?.works(.log); return }
            // What belongs to others goes nowhere; that this worker was given up is told by its next report.
            if failure.storeCode != .staleAttempt { self?.fails(.log, failure) }
        }
        let attempt = Attempt(read, log: log, host: host)
        attempts[lease.task] = attempt
        isIdle = false
        let below = root
        attempt.whenDispatched = { [weak self] in self?.dispatched($0, claimedBelow: below) }
        attempt.start { [weak self] result in
            attempt.log.close { self?.ended(attempt, result, $0) }
        }
    }

    /// A launcher that has died meanwhile was replaced: what is started runs below another one than the claim says.
    private func dispatched(_ attempt: Attempt, claimedBelow before: ProcessIdentity?) {
        let launcher = host.provider.launcher
        guard launcher.processID != before?.pid else { return }
        let cgroup = ProcFile.cgroup(ofLauncher: launcher.processID, run: host.settings.runID)
        guard let now = ProcessIdentity(of: launcher.processID, cgroup: cgroup, role: "launcher") else { return }
        let (store, lease) = (store, attempt.lease)
        recordThread.perform {
            Result { () throws(Failure) in try store.identify(lease, now, at: WallClock.milliseconds) }
        } reply: { [weak self] result in
            self?.identified(attempt, claimedBelow: before, result)
        }
    }

    private func identified(_ attempt: Attempt, claimedBelow before: ProcessIdentity?, _ result: Result<Void, Failure>)
    {
        guard case .failure(let failure) = result, failure.storeCode != .staleAttempt else { return works(.identify) }
        fails(.identify, failure)
        EventLoop.shared.schedule(at: .now.advanced(milliseconds: settings.pace.retry)) { [weak self] in
            guard let self, attempts[attempt.lease.task] === attempt else { return }
            dispatched(attempt, claimedBelow: before)
        }
    }

    func cancel(_ lease: Lease) {
        guard let attempt = attempts[lease.task], attempt.lease == lease else { return }
        attempt.cancel()
    }

    private func ended(_ attempt: Attempt, _ result: TaskResult, _ log: [LogChunk]) {
        attempts[attempt.lease.task] = nil
        isIdle = false
        var result = result
        if case .ending = mode, !attempt.isCancelled { result.endEarly(wasDispatched: attempt.isDispatched) }
        reports.append(
            AttemptReport(
                attempt.lease,
                result,
                log: log,
                isLogTruncated: attempt.log.isTruncated,
                worker: settings.name
            )
        )
        record()
        wake()
    }

    // MARK: Trouble

    func works(_ errand: Errand) {
        guard troubles.removeValue(forKey: errand) != nil, troubles.isEmpty else { return }
        tell(.storeWorks)
    }

    func fails(_ errand: Errand, _ failure: Failure) {
        if failure.storeCode == .workerEvicted {
            if case .ending = mode { return }
            tell(.evicted(worker))
            return end(.evicted)
        }
        if troubles.isEmpty { tell(.storeFails(StoreTrouble(failure))) }
        let since = troubles[errand] ?? .now
        troubles[errand] = since
        guard since.advanced(milliseconds: settings.pace.patience) <= .now else { return }
        end(.failed(failure))
    }
}

extension StoreTrouble {
    package init(_ failure: Failure) {
        self.init(code: failure.code, message: failure.message, hint: failure.hint)
    }
}

extension TaskResult {
    /// The attempt was ended because its worker had to go: nobody wanted that, and it says nothing of the task.
    fileprivate mutating func endEarly(wasDispatched: Bool) {
        switch outcome {
        case .cancelled, .sandboxError, .executorCrash, .infra, .denied, .invalid:
            outcome = .lost
            error = Failure(
                "worker_stopped",
                fault: .infra,
                retry: .same,
                sideEffects: wasDispatched ? .possible : .none,
                message: "the worker ended before the task did"
            )
        default: break
        }
    }
}
