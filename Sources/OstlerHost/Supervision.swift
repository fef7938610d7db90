internal import OstlerProtocol
internal import OstlerSystem

/// Decides when a plugin that keeps failing may be started again. Pure: the pool tells what happened, and asks.
///
/// After the first failure it is started at once, after each further one in a row after twice the time. When it has failed
/// too often in a row, tasks are refused with the reason for a while; then one start is tried.
struct Supervision {
    /// What may be done now.
    enum Verdict {
        case start
        /// A start may be tried at this moment.
        case wait(until: Instant)
        /// Tasks are not taken until this moment.
        case refuse(Failure, until: Instant)
    }

    /// Failures in a row: since the last task that it answered.
    private(set) var failures = 0
    private var reason: Failure?
    private var nextStart = Instant(nanoseconds: 0)

    /// How many failures in a row are put up with.
    static let limit = 5
    static let firstPause: Int64 = 100
    static let longestPause: Int64 = 5_000
    /// How long tasks are refused once the limit is reached.
    static let refusalMilliseconds: Int64 = 30_000

    /// A process of the plugin failed: it crashed, broke the protocol, or did not start.
    mutating func failed(_ failure: Failure, at now: Instant) {
        failures += 1
        reason = failure
        nextStart = now.advanced(milliseconds: pause)
    }

    /// It has answered a task: what was before counts no more.
    mutating func answered() {
        guard failures > 0 else { return }
        self = Supervision()
    }

    /// Milliseconds to the next start.
    private var pause: Int64 {
        switch failures {
        case ...1: 0
        case Self.limit...: Self.refusalMilliseconds
        default: min(Self.firstPause << Int64(failures - 2), Self.longestPause)
        }
    }

    func verdict(at now: Instant) -> Verdict {
        guard now < nextStart else { return .start }
        guard failures >= Self.limit, let reason else { return .wait(until: nextStart) }
        return .refuse(reason, until: nextStart)
    }
}
