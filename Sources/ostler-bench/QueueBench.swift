import Glibc
internal import OstlerProtocol
import OstlerStore
import OstlerSystem
import OstlerTasks

/// What a queue with workers gets done: submit, run and record, from the first acceptance to the last end.
enum QueueBench {
    /// How long workers may take.
    private static let mostMilliseconds: Int64 = 600_000

    static let usage = "queue FILE TASKS BATCH THREADS EXECUTOR PAYLOAD"

    /// Submits tasks in batches from some threads, each acceptance synced, and waits until workers that run beside it have
    /// ended them all.
    /// - Returns: false for words that it does not know.
    static func run(_ words: [String]) -> Bool {
        guard words.count == 6, let tasks = Int(words[1]), let batch = Int(words[2]), let threads = Int(words[3]),
            min(tasks, batch, threads) > 0
        else { return false }
        do throws(Failure) {
            let store = try SQLiteTaskStore(path: words[0])
            let before = try done(store)
            let share = tasks / threads
            let (executor, payload) = (words[4], words[5])
            let start = Instant.now
            Submitters.run(threads, store, share: share, batch: batch) { submission($0, executor, payload) }
            let submitted = Instant.now
            let latest = submitted.advanced(milliseconds: Self.mostMilliseconds)
            while try done(store) < before + share * threads {
                guard Instant.now < latest else {
                    print("the workers do not come to an end")
                    exit(1)
                }
                usleep(5000)
            }
            let ended = Instant.now
            let succeeded = try store.statistics(at: WallClock.milliseconds).reduce(0) {
                $0 + ($1.done[.succeeded] ?? 0)
            }
            guard succeeded == before + share * threads else {
                print("not all tasks succeeded")
                exit(1)
            }
            report(share * threads, start, submitted, ended)
        } catch {
            print("{\"code\": \"\(error.code)\", \"message\": \"\(error.message)\"}")
            exit(1)
        }
        return true
    }

    private static func report(_ count: Int, _ start: Instant, _ submitted: Instant, _ ended: Instant) {
        func rate(_ end: Instant) -> Int { Int(Double(count) * 1e9 / Double(end.nanoseconds - start.nanoseconds)) }
        print("{\"per_second\": \(rate(ended)), \"submitted_per_second\": \(rate(submitted))}")
    }

    private static func done(_ store: SQLiteTaskStore) throws(Failure) -> Int {
        try store.statistics(at: WallClock.milliseconds).reduce(0) { $0 + $1.done.values.reduce(0, +) }
    }

    private static func submission(_ number: Int, _ executor: String, _ payload: String) -> Submission {
        let spec = TaskSpec(id: "t\(number)", executor: executor, payload: Array(payload.utf8))
        let document = #"{"id":"t\#(number)","executor":"\#(executor)","payload":\#(payload)}"#
        let origin = TaskOrigin(runID: "bench", principal: "bench")
        return Submission(spec, document: Array(document.utf8), origin: origin)
    }
}
