import Glibc
internal import OstlerProtocol
import OstlerStore
import OstlerSystem
import OstlerTasks

/// What the store costs by itself, and a submitter that tests kill.
enum StoreBench {
    static let usage = """
        store submit FILE TASKS BATCH THREADS | store work FILE BATCH | store fill FILE TASKS | store list FILE ROUNDS | \
        store feed FILE TASKS
        """

    /// - Returns: false for words that it does not know.
    static func run(_ words: [String]) -> Bool {
        let numbers = words.dropFirst(2).map { Int($0) ?? 0 }
        do throws(Failure) {
            guard words.count >= 2 else { return false }
            let store = try SQLiteTaskStore(path: words[1])
            switch (words[0], numbers.count) {
            case ("submit", 3): submit(store, tasks: numbers[0], batch: max(1, numbers[1]), threads: max(1, numbers[2]))
            case ("work", 1): try work(store, batch: max(1, numbers[0]))
            case ("fill", 1): try fill(store, tasks: numbers[0])
            case ("list", 1): try list(store, rounds: max(1, numbers[0]))
            case ("feed", 1): try feed(store, tasks: numbers[0])
            default: return false
            }
        } catch {
            print("{\"code\": \"\(error.code)\", \"message\": \"\(error.message)\"}")
            exit(1)
        }
        return true
    }

    private static func submission(_ number: Int) -> Submission {
        let payload = #"{"command":"true"}"#
        let document = #"{"executor":"command","payload":"# + payload + "}"
        let spec = TaskSpec(id: "t\(number)", executor: "command", payload: Array(payload.utf8))
        return Submission(
            spec,
            document: Array(document.utf8),
            origin: TaskOrigin(runID: "bench", principal: "bench")
        )
    }

    private static func report(_ count: Int, since start: Instant) {
        let seconds = Double(Instant.now.nanoseconds - start.nanoseconds) / 1e9
        print("{\"per_second\": \(Int(Double(count) / seconds))}")
    }

    /// Each thread submits its share, one batch after the other.
    private static func submit(_ store: SQLiteTaskStore, tasks: Int, batch: Int, threads: Int) {
        let share = tasks / threads
        let start = Instant.now
        Submitters.run(threads, store, share: share, batch: batch) { submission($0) }
        report(share * threads, since: start)
    }

    /// Claims and finishes all there is, as a worker does that runs nothing.
    private static func work(_ store: SQLiteTaskStore, batch: Int) throws(Failure) {
        let identity = ProcessIdentity(bootID: "bench", pid: getpid(), startTime: 0, role: "worker")
        let now = WallClock.milliseconds
        let registration = WorkerRegistration(
            name: "bench",
            identity: identity,
            slots: batch,
            labels: [],
            executors: ["command"]
        )
        let worker = try store.register(registration, at: now)
        let start = Instant.now
        var count = 0
        while true {
            let request = ClaimRequest(worker: worker, slots: batch, intends: true)
            let claims = try store.claim(request, at: WallClock.milliseconds)
            guard !claims.isEmpty else { break }
            let end = AttemptEnd(.succeeded, sideEffects: .done)
            let completions = claims.map { Completion($0.lease, end, result: Array(#"{"outcome":"succeeded"}"#.utf8)) }
            count += try store.finish(completions, at: WallClock.milliseconds).count
        }
        report(count, since: start)
    }

    /// Finished tasks, as they stand after a year.
    private static func fill(_ store: SQLiteTaskStore, tasks: Int) throws(Failure) {
        let start = Instant.now
        let now = WallClock.milliseconds
        for first in stride(from: 0, to: tasks, by: 1000) {
            let runs = (first..<min(first + 1000, tasks)).map { number in
                let outcome: Outcome = number % 20 == 0 ? .failed : .succeeded
                let moment = now - Int64(tasks - number) * 1000
                return FinishedRun(
                    submission(number),
                    AttemptEnd(outcome, sideEffects: .possible),
                    result: Array(#"{"outcome":"succeeded","exit_code":0}"#.utf8),
                    submittedAt: moment,
                    startedAt: moment + 2,
                    endedAt: moment + 9
                )
            }
            _ = try store.record(runs)
        }
        report(tasks, since: start)
    }

    /// Prints the median time of a page of each list in milliseconds.
    private static func list(_ store: SQLiteTaskStore, rounds: Int) throws(Failure) {
        var failed = TaskFilter()
        failed.outcomes = [.failed]
        var open = TaskFilter()
        (open.states, open.principal) = ([.ready, .running], "bench")
        var none = TaskFilter()
        none.executor = "http"
        var queue = TaskFilter()
        queue.queue = QueueName.standard
        var bad = TaskFilter()
        (bad.outcomes, bad.executor) = ([.failed, .lost, .timeout], "command")
        let middle = TaskID(rawValue: 500_000)
        let lists: [(name: String, filter: TaskFilter, cursor: TaskID?)] = [
            ("newest", TaskFilter(), nil), ("from_the_middle", TaskFilter(), middle), ("failed", failed, nil),
            ("not_done", open, nil), ("other_executor", none, nil), ("queue", queue, nil),
            ("failed_in_any_way", bad, nil),
        ]
        var members: [String] = []
        for (name, filter, cursor) in lists {
            var times: [Double] = []
            for _ in 0..<rounds {
                let start = Instant.now
                _ = try store.list(filter, after: cursor, limit: 100)
                times.append(Double(Instant.now.nanoseconds - start.nanoseconds) / 1e6)
            }
            members.append("\"\(name)_ms\": \(times.sorted()[times.count / 2])")
        }
        print("{\(members.joined(separator: ", "))}")
    }

    /// Submits one after the other and says the number of each as soon as it is accepted.
    private static func feed(_ store: SQLiteTaskStore, tasks: Int) throws(Failure) {
        for number in 0..<tasks {
            let answers = try store.submit([submission(number)], capacity: nil, at: WallClock.milliseconds)
            let line = Array("\(answers[0].task)\n".utf8)
            guard Glibc.write(1, line, line.count) == line.count else { exit(1) }
        }
    }
}
