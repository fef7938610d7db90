internal import Glibc
internal import OstlerCatalog
package import OstlerHost
internal import OstlerProtocol
package import OstlerStore
package import OstlerSystem

/// A worker: registers, works, and registers anew when it was taken for dead.
@LoopActor
package final class Worker {
    private let store: any TaskStore
    private let settings: WorkerSettings
    private let hostSettings: HostSettings
    private let tell: @LoopActor (WorkerNotice) -> Void
    private var shift: WorkerShift?
    private var isDraining = false
    private var isStopped = false

    /// - Parameter tell: told of what happens, on the loop.
    package init(
        _ store: any TaskStore,
        _ settings: WorkerSettings,
        _ hostSettings: HostSettings,
        tell: @escaping @LoopActor (WorkerNotice) -> Void
    ) {
        (self.store, self.settings, self.hostSettings, self.tell) = (store, settings, hostSettings, tell)
    }

    /// Works until it has drained, was stopped, or cannot go on.
    /// - Returns: never ``WorkerShift/End/evicted``.
    package func run() async -> WorkerShift.End {
        while !isStopped {
            let worker: WorkerID
            switch await register() {
            case .success(let id): worker = id
            case .failure(let failure): return .failed(failure)
            }
            tell(.registered(worker))
            let shift = WorkerShift(store, worker, settings, Host(hostSettings), tell: tell)
            self.shift = shift
            if isDraining { shift.drain() }
            let end = await shift.run()
            self.shift = nil
            guard case .evicted = end else { return end }
            // A drain that was interrupted has nothing left to wait for.
            if isDraining { return .drained }
        }
        return .stopped
    }

    private func register() async -> Result<WorkerID, Failure> {
        guard let identity = ProcessIdentity(of: getpid(), role: "worker") else {
            return .failure(
                Failure("no_process_identity", fault: .infra, message: "/proc does not tell when this process started")
            )
        }
        let registration = WorkerRegistration(
            name: settings.name,
            identity: identity,
            slots: settings.slots,
            labels: settings.labels,
            executors: Set(hostSettings.catalog.executorNames)
        )
        let store = store
        return await withUnsafeContinuation { continuation in
            WorkerThread.shared.perform {
                Result { () throws(Failure) in try store.register(registration, at: WallClock.milliseconds) }
            } reply: {
                continuation.resume(returning: $0)
            }
        }
    }

    /// Claims nothing any more, and ends when everything that it holds is over.
    package func drain() {
        isDraining = true
        shift?.drain()
    }

    /// Ends everything at once.
    package func stop() {
        isStopped = true
        shift?.stop()
    }
}
