internal import Glibc
internal import OstlerProtocol
internal import OstlerStore
internal import OstlerSystem

/// Waits for what others do to a store.
struct StoreWatch {
    /// How often it is asked whether anything has changed, in microseconds.
    private static let interval: UInt32 = 20_000
    /// How long a queue that nobody works at is waited for before it is said, in milliseconds.
    private static let silence: Int64 = 2000

    let store: any TaskStore
    /// Nil for as long as it takes.
    let deadline: Instant?

    init(_ store: any TaskStore, until deadline: Instant? = nil) {
        self.store = store
        self.deadline = deadline
    }

    /// Asks `isOver` at first and after each change until it says so.
    /// - Returns: false if the time was up before.
    func wait(_ isOver: () throws -> Bool) throws -> Bool {
        var mark = try store.changeMark()
        let start = Instant.now
        var mayTell = true
        var nextExpiry = start.advanced(milliseconds: 1000)
        while true {
            if try isOver() { return true }
            while true {
                if let deadline, deadline <= .now { return false }
                if mayTell, start.advanced(milliseconds: Self.silence) <= .now {
                    mayTell = false
                    try tellOfNoWorker()
                }
                if nextExpiry <= .now {
                    // No worker need be there to see that the time of a task is over.
                    _ = try store.expire(at: WallClock.milliseconds)
                    nextExpiry = Instant.now.advanced(milliseconds: 1000)
                }
                usleep(Self.interval)
                let next = try store.changeMark()
                if next != mark {
                    mark = next
                    break
                }
            }
        }
    }

    private func tellOfNoWorker() throws {
        let isServed = try store.workers().contains { $0.state == .active }
        if !isServed { Log.info("no worker is running: `ostler worker` starts one") }
    }
}
