internal import OstlerProtocol
internal import OstlerStore
internal import OstlerSystem
internal import OstlerTasks

/// What a worker finds when it looks into the store. Made on a thread that may wait.
struct Look: Sendable {
    var cancelRequests: [Lease] = []
    var claims: [ReadClaim] = []
    var moments = NextMoments()

    /// - Parameters:
    ///   - request: nothing is claimed if it has no slots.
    ///   - isBusy: whether the worker holds something that others may want to end.
    init(_ store: any TaskStore, _ request: ClaimRequest, isBusy: Bool) throws(Failure) {
        let now = WallClock.milliseconds
        if isBusy { cancelRequests = try store.cancelRequests(to: request.worker) }
        guard request.slots > 0 else { return }
        let claimed = try store.claim(request, at: now)
        var parser = TaskSpecParser()
        claims = claimed.map { ReadClaim($0, &parser) }
        if claims.count < request.slots { moments = try store.nextMoments(after: now) }
    }
}

extension NextMoments {
    /// The first of them.
    var next: Int64? { [due, expiry].compactMap(\.self).min() }
}

/// When a worker looks: at once when there is a reason, and not over and over when nothing is found.
@LoopActor
struct LookPace {
    private let pace: WorkerPace
    private var timer: (id: TimerID, due: Instant)?
    private(set) var isLooking = false
    /// A reason came while it looked.
    private var isWanted = false
    private var earliest = Instant(nanoseconds: 0)
    private var action: (@LoopActor () -> Void)?

    init(_ pace: WorkerPace) {
        self.pace = pace
    }

    /// Has `action` called after some milliseconds, or earlier if there was an earlier reason.
    mutating func schedule(after milliseconds: Int64, _ action: @escaping @LoopActor () -> Void) {
        self.action = action
        if isLooking, milliseconds == 0 { isWanted = true }
        guard !isLooking || milliseconds > 0 else { return }
        let due = max(Instant.now.advanced(milliseconds: milliseconds), earliest)
        if let timer {
            guard due < timer.due else { return }
            EventLoop.shared.cancel(timer.id)
        }
        timer = (EventLoop.shared.schedule(at: due, action), due)
    }

    /// - Returns: false while one is being made already.
    mutating func begin() -> Bool {
        if let timer { EventLoop.shared.cancel(timer.id) }
        timer = nil
        guard !isLooking else { return false }
        isLooking = true
        return true
    }

    /// - Parameter foundAll: whether nothing is left that could be claimed.
    mutating func finish(foundAll: Bool) {
        isLooking = false
        earliest = foundAll ? Instant.now.advanced(milliseconds: pace.gather) : Instant(nanoseconds: 0)
        guard isWanted, let action else { return }
        isWanted = false
        schedule(after: 0, action)
    }

    mutating func end() {
        if let timer { EventLoop.shared.cancel(timer.id) }
        timer = nil
    }
}
