internal import OstlerHost
internal import OstlerProtocol
internal import OstlerSandbox
internal import OstlerStore
internal import OstlerSystem
internal import OstlerTasks

/// How a shift finds work.
extension WorkerShift {
    /// Something may have changed.
    func wake(after milliseconds: Int64 = 0) {
        looker.schedule(after: milliseconds) { [weak self] in self?.look() }
    }

    /// Where nothing tells of changes, the store is asked for its mark now and then.
    func poll() {
        EventLoop.shared.schedule(at: .now.advanced(milliseconds: settings.pace.poll)) { [weak self] in
            guard let self, waiter != nil else { return }
            wake()
            poll()
        }
    }

    var freeSlots: Int {
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
}
