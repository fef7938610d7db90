internal import OstlerSystem

/// One line on the terminal that tells how far a run is.
@LoopActor
final class Progress {
    private let total: Int?
    private var last = Instant(nanoseconds: 0)

    init(total: Int?) {
        self.total = total
    }

    /// Redraws, but not more than ten times a second.
    func update(done: Int, failed: Int) {
        let now = Instant.now
        guard now.microseconds(since: last) > 100_000 else { return }
        last = now
        let whole = total.map { " of \($0)" } ?? ""
        Log.show(progress: "\(done)\(whole) tasks done" + (failed > 0 ? ", \(failed) not succeeded" : ""))
    }
}
