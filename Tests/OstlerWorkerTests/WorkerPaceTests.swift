internal import OstlerTasks
internal import OstlerWorker
internal import Testing

/// What the numbers of a worker's pace add up to.
@Suite struct WorkerPaceTests {
    private let pace = WorkerPace()

    /// The worst case: it dies right after a report, and who watches has just looked.
    @Test func `A worker that falls silent is noticed within 15 s`() {
        #expect(2 * pace.beat + pace.patience < 15_000)
        var watch = WorkerWatch<Int>(patience: pace.patience)
        var noticed: Int64?
        // Its last report came just after the first look.
        for look in 0..<20 {
            let now = Int64(look) * pace.beat
            let beats: Int64 = look == 0 ? 0 : 1
            if noticed == nil, !watch.observe([(id: 1, beats: beats)], at: now).isEmpty { noticed = now }
        }
        #expect(noticed.map { $0 < 15_000 } == true, "\(noticed ?? -1)")
    }

    @Test func `A worker that reports now and then is not given up`() {
        var watch = WorkerWatch<Int>(patience: pace.patience)
        for look in 0..<100 {
            // One report in three looks is late, and none is missing for longer than the patience.
            let silent = watch.observe([(id: 1, beats: Int64(look / 3))], at: Int64(look) * pace.beat)
            #expect(silent.isEmpty, "at look \(look)")
        }
    }

    @Test func `A worker that cannot report ends what it runs no later than others may take it over`() {
        #expect(pace.patience >= 3 * pace.beat, "one late report must not be the end")
        #expect(pace.gather < pace.poll && pace.retry < pace.patience)
    }
}
