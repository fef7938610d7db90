internal import OstlerHost
internal import OstlerProtocol
internal import OstlerSandbox
internal import OstlerStore
internal import OstlerSystem
internal import OstlerTasks

/// What a shift does for workers that are gone.
extension WorkerShift {
    func felt(_ pulse: Heartbeat.Pulse) {
        guard waiter != nil else { return }
        switch pulse {
        case .failed(let failure): fails(.report, failure)
        case .alive(let cancelRequests, let silent):
            hasReported = true
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
            if let found {
                tell(.tookOver(former, orphans: found.count))
                orphans += found
                settleOrphans()
            }
        }
        endIfOver()
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
                // Its task may have to be tried again, which the last look could not find.
                isIdle = false
                tell(.recovered(orphan.lease, settlement, isProven: isProven))
            }
        }
        wake()
        endIfOver()
    }
}
