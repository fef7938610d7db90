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

    private enum Mode {
        case working
        case draining
        case ending(End)
    }

    /// Who has to do with the store; each may fail while others do not.
    private enum Errand: Hashable {
        case report
        case look
        case record
        case identify
        case log
        case recovery
    }

    /// Results that are recorded together at most.
    private static let mostRecorded = 256

    let settings: WorkerSettings
    private let store: any TaskStore
    private let host: Host
    private let worker: WorkerID
    private let tell: @LoopActor (WorkerNotice) -> Void
    private let lookThread = WorkerThread()
    private let recordThread = WorkerThread()
    private let logThread = WorkerThread()
    private let recoveryThread = WorkerThread()

    private var mode = Mode.working
    private var attempts: [TaskID: Attempt] = [:]
    private var reports: [AttemptReport] = []
    private var isRecording = false
    private var recordTimer: TimerID?
    private var lastRecord = Instant(nanoseconds: 0)
    private var looker: LookPace
    private var heartbeat: Heartbeat?
    private var watch: ChangeWatch?
    private var orphans: [Orphan] = []
    private var adopting: Set<WorkerID> = []
    private var isSettling = false
    private var troubles: [Errand: Instant] = [:]
    /// What all that is started runs below now.
    private var root: ProcessIdentity?
    private var isIdle = false
    private var waiter: UnsafeContinuation<End, Never>?

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

    private func end(_ end: End) {
        if case .ending = mode { return }
        mode = .ending(end)
        host.abandon()
        endIfOver()
    }

    private func endIfOver() {
        guard let waiter, attempts.isEmpty, !isRecording, !looker.isLooking, !isSettling else { return }
        let end: End
        switch mode {
        case .working:
            guard settings.endsWhenIdle, isIdle, reports.isEmpty, orphans.isEmpty else { return }
            end = .drained
        case .draining:
            guard reports.isEmpty else { return }
            end = .drained
        // Results that a store in trouble does not take are left to whoever recovers them.
        case .ending(let wanted):
            guard reports.isEmpty || !troubles.isEmpty else { return }
            end = wanted
        }
        self.waiter = nil
        waiter.resume(returning: end)
    }

    // MARK: Looking for work

    /// Something may have changed.
    private func wake(after milliseconds: Int64 = 0) {
        looker.schedule(after: milliseconds) { [weak self] in self?.look() }
    }

    /// Where nothing tells of changes, the store is asked for its mark now and then.
    private func poll() {
        EventLoop.shared.schedule(at: .now.advanced(milliseconds: settings.pace.poll)) { [weak self] in
            guard let self, waiter != nil else { return }
            wake()
            poll()
        }
    }

    private var freeSlots: Int {
        guard case .working = mode, troubles.keys.allSatisfy({ $0 == .look }) else { return 0 }
        return max(0, settings.slots - attempts.count)
    }

    private func look() {
        if case .ending = mode { return endIfOver() }
        guard looker.begin() else { return }
        guard freeSlots > 0 else { return look(below: nil) }
        Task(executorPreference: EventLoop.shared) { await self.lookBelowRoot() }
    }

    private func lookBelowRoot() async {
        look(below: await currentRoot())
    }

    private func look(below root: ProcessIdentity?) {
        let slots = root == nil ? 0 : freeSlots
        let request = ClaimRequest(
            worker: worker,
            slots: slots,
            queues: settings.queues,
            intends: true,
            identity: root
        )
        let (store, isBusy) = (store, !attempts.isEmpty)
        lookThread.perform {
            Result { () throws(Failure) in try Look(store, request, isBusy: isBusy) }
        } reply: {
            self.looked($0, slots)
        }
    }

    /// The launcher, below which all runs: it is started before anything is claimed, so that whoever must end what this
    /// worker has started knows what to look for.
    private func currentRoot() async -> ProcessIdentity? {
        let launcher = host.provider.launcher
        do throws(LaunchFailure) {
            try await launcher.start()
        } catch {
            let failure = LaunchDiagnosis.failure(error)
            tell(.sandboxFails(StoreTrouble(failure)))
            return nil
        }
        if root?.pid == launcher.processID { return root }
        let cgroup = ProcFile.cgroup(ofLauncher: launcher.processID, run: host.settings.runID)
        root = ProcessIdentity(of: launcher.processID, cgroup: cgroup, role: "launcher")
        return root
    }

    private func looked(_ result: Result<Look, Failure>, _ asked: Int) {
        switch result {
        case .failure(let failure):
            looker.finish(foundAll: true)
            fails(.look, failure)
            wake(after: settings.pace.retry)
        case .success(let look):
            looker.finish(foundAll: look.claims.count < asked || asked == 0)
            works(.look)
            isIdle = asked > 0 && look.claims.isEmpty && look.moments.due == nil
            look.cancelRequests.forEach(cancel)
            look.claims.forEach(begin)
            if let next = look.moments.next, asked > 0 {
                wake(after: max(1, next - WallClock.milliseconds))
            } else if asked == 0, case .working = mode, attempts.count < settings.slots {
                wake(after: settings.pace.beat)
            }
            if !look.claims.isEmpty, freeSlots > 0 { wake() }
        }
        endIfOver()
    }

    // MARK: Running

    private func begin(_ read: ReadClaim) {
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

    private func cancel(_ lease: Lease) {
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

    // MARK: Recording

    private func record() {
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
                if case .ended = settlement { settings.whenEnded?(report.result) }
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

    // MARK: Reports, and workers that are gone

    private func felt(_ pulse: Heartbeat.Pulse) {
        guard waiter != nil else { return }
        switch pulse {
        case .failed(let failure): fails(.report, failure)
        case .alive(let cancelRequests, let silent):
            works(.report)
            // What could not be taken over is found again, by this worker or by another one.
            works(.recovery)
            cancelRequests.forEach(cancel)
            silent.forEach(adopt)
            settleOrphans()
            wake()
        }
    }

    private func adopt(_ silence: Heartbeat.Silence) {
        guard case .working = mode, adopting.insert(silence.worker).inserted else { return }
        let orphanage = Orphanage(store: store, worker: worker)
        recoveryThread.perform {
            Result { () throws(Failure) in try orphanage.adopt(from: silence) }
        } reply: { [weak self] result in
            self?.adopted(silence.worker, result)
        }
    }

    private func adopted(_ former: WorkerID, _ result: Result<[Orphan]?, Failure>) {
        adopting.remove(former)
        switch result {
        case .failure(let failure): fails(.recovery, failure)
        case .success(let found):
            works(.recovery)
            guard let found else { return }
            tell(.tookOver(former, orphans: found.count))
            orphans += found
            settleOrphans()
        }
    }

    private func settleOrphans() {
        guard !isSettling, !orphans.isEmpty else { return }
        if case .ending = mode { return }
        isSettling = true
        let (orphanage, waiting) = (Orphanage(store: store, worker: worker), orphans)
        recoveryThread.perform {
            orphanage.settle(waiting)
        } reply: { [weak self] in
            self?.settled($0)
        }
    }

    private func settled(_ fates: [(orphan: Orphan, fate: Orphanage.Fate)]) {
        isSettling = false
        for (orphan, fate) in fates {
            switch fate {
            case .left: tell(.resists(orphan.lease, pids: orphan.identities.map(\.pid)))
            case .settled(let settlement, let isProven):
                orphans.removeAll { $0.lease == orphan.lease }
                tell(.recovered(orphan.lease, settlement, isProven: isProven))
            }
        }
        wake()
        endIfOver()
    }

    // MARK: Trouble

    private func works(_ errand: Errand) {
        guard troubles.removeValue(forKey: errand) != nil, troubles.isEmpty else { return }
        tell(.storeWorks)
    }

    private func fails(_ errand: Errand, _ failure: Failure) {
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
