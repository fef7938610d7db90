import Glibc
import OstlerStore
import OstlerSystem

/// Threads that hand tasks to a store at the same time.
enum Submitters {
    /// Each thread submits its share, one batch after the other; returns when all have. Without them there is no figure.
    static func run(
        _ threads: Int,
        _ store: SQLiteTaskStore,
        share: Int,
        batch: Int,
        _ submission: @escaping @Sendable (Int) -> Submission
    ) {
        let running = (0..<threads).map { _ in
            NativeThread {
                for first in stride(from: 0, to: share, by: batch) {
                    let some = (first..<min(first + batch, share)).map(submission)
                    guard (try? store.submit(some, capacity: nil, at: WallClock.milliseconds)) != nil else {
                        print("a batch was refused")
                        exit(1)
                    }
                }
            }
        }
        for thread in running {
            guard let thread else {
                print("the system gives no thread")
                exit(1)
            }
            thread.join()
        }
    }
}
