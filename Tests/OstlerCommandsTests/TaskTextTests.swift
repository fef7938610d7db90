import OstlerJSON
import OstlerProtocol
import OstlerStore
import OstlerSystem
import OstlerTasks
import Testing

@testable import OstlerCommands

@Suite struct `A task as it is shown` {
    private let desk = Desk()

    private func details(_ task: TaskID) throws -> TaskDetails { try desk.store.details(of: task) }

    private func json(_ details: TaskDetails) throws -> JSONValue {
        var writer = JSONWriter()
        details.encode(into: &writer)
        return try JSONValue(parsing: writer.bytes)
    }

    @Test func `its state is one word`() throws {
        var words: [String] = []
        func note(_ task: TaskID) throws { words.append(try details(task).summary.stateText) }
        let task = try desk.submit {
            $0.idempotency = .pure; $0.retry = RetryPolicy(attempts: 2, least: 5, most: 5)
        }
        let waiting = try desk.submit { $0.after = [.task(task)] }
        try note(task)
        try note(waiting)
        let worker = try desk.hire()
        let lease = try desk.begin(worker)
        try note(task)
        try desk.finish(lease, .failed, exitCode: 1)
        try note(task)
        desk.now += 10
        let second = try desk.begin(worker)
        _ = try desk.store.cancel(task, by: "uid:1", at: desk.now)
        try note(task)
        try desk.finish(second, .cancelled)
        try note(task)
        try note(waiting)
        let expected = ["ready", "blocked", "running", "retry", "cancelling", "cancelled", "dependency_failed"]
        #expect(words == expected)
    }

    @Test func `all that is kept stands in its JSON`() throws {
        let first = try desk.submit()
        let task = try desk.submit {
            $0.after = [.task(first)]
            $0.labels = ["b": "2", "a": "1"]
            $0.needs = ["gpu"]
            $0.priority = 4
            $0.idempotencyKey = "k"
            $0.expiresAt = desk.now + 1
            $0.retry = RetryPolicy(attempts: 3, backoff: .constant, least: 10, most: 20)
        }
        let told = try json(try details(task))
        #expect(told["after"]?.text == "[1]" && told["dependents"]?.text == "[]")
        #expect(told["labels"]?.text == #"{"a":"1","b":"2"}"#)
        #expect(told["needs"]?.text == #"["gpu"]"#)
        #expect(told["priority"]?.int == 4 && told["idempotency_key"]?.string == "k")
        #expect(told["expires_ms"]?.int == desk.now + 1)
        #expect(told["retry"]?.text == #"{"attempts":3,"backoff":"constant","min":"10ms","max":"20ms"}"#)
        #expect(told["spec"]?["executor"]?.string == "command")
        #expect(try json(try details(first))["dependents"]?.text == "[2]")
    }

    @Test func `its attempts tell who had it and what ran`() throws {
        let task = try desk.submit()
        let lease = try desk.begin(try desk.hire())
        desk.now += 2000
        let crash = Failure("executor_crash", fault: .executor, message: "it died")
        try desk.finish(lease, .executorCrash, exitCode: -1, error: crash)
        let attempt = try #require(try json(try details(task))["attempts"]?.array?.first)
        #expect(attempt["attempt"]?.int == 1 && attempt["worker"]?.int == 1)
        #expect(attempt["outcome"]?.string == "executor_crash" && attempt["error"]?.string == "executor_crash")
        #expect(attempt["processes"]?.array?.first?["pid"]?.int == 55)
        let text = try details(task).text
        #expect(text.contains("executor_crash after 2s [executor_crash], worker 1"), "\(text)")
        #expect(text.hasPrefix("task "))
    }

    @Test func `what people gave as names cannot steer a terminal`() throws {
        let task = try desk.submit {
            $0.name = "a\u{1B}[2J"
            $0.labels = ["\u{7}": "\u{1B}"]
            $0.idempotencyKey = "\u{1B}k"
        }
        let text = try details(task).text
        #expect(!text.utf8.contains(0x1B) && !text.utf8.contains(0x07))
    }

    @Test func `the result of a task that never ran says so`() throws {
        let task = try desk.submit()
        _ = try desk.store.cancel(task, by: "uid:1", at: desk.now)
        var writer = JSONWriter()
        try details(task).encodeResult(into: &writer)
        let result = try JSONValue(parsing: writer.bytes)
        #expect(result["outcome"]?.string == "cancelled" && result["exit_code"]?.int == -1)
        #expect(result["attempts"]?.int == 0 && result["id"]?.string == "build")
        #expect(result["isolation"] == nil && result["plugin"] == nil)
    }

    @Test func `the result of a task that ran is the one that its worker told`() throws {
        let task = try desk.submit()
        try desk.finish(try desk.begin(try desk.hire()), .failed, exitCode: 7)
        var writer = JSONWriter()
        try details(task).encodeResult(into: &writer)
        #expect(writer.bytes == (try details(task).result))
        #expect(try JSONValue(parsing: writer.bytes)["exit_code"]?.int == 7)
    }

    @Test func `a moment that is told can be given back`() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<500 {
            let moment = Int64.random(in: 0...4_000_000_000_000, using: &random)
            #expect(TimestampText.milliseconds(WallClock.text(milliseconds: moment)) == moment)
            let clock = TimeText.clock(milliseconds: moment)
            #expect(WallClock.text(milliseconds: moment).hasSuffix("T\(clock)Z"))
        }
    }
}

@Suite struct StoreWatchTests {
    private let desk = Desk()

    @Test func `what holds already is not waited for`() throws {
        #expect(try StoreWatch(desk.store, until: .now).wait { true })
    }

    @Test func `waiting ends when the time is up`() throws {
        var asked = 0
        let isOver = try StoreWatch(desk.store, until: Instant.now.advanced(milliseconds: 30)).wait {
            asked += 1
            return false
        }
        #expect(!isOver && asked == 1, "nothing changed, so nothing is asked again")
    }

    @Test func `each change is looked at`() throws {
        var asked = 0
        let isOver = try StoreWatch(desk.store).wait {
            asked += 1
            // What is changed here is seen as if another had done it.
            if asked < 3 { try desk.submit() }
            return asked == 3
        }
        #expect(isOver && asked == 3)
    }

    @Test func `a task whose time is over ends without any worker`() throws {
        desk.now = WallClock.milliseconds
        let task = try desk.submit { $0.expiresAt = desk.now + 20 }
        let isOver = try StoreWatch(desk.store, until: Instant.now.advanced(milliseconds: 20_000)).wait {
            try desk.store.details(of: task).summary.outcome == .expired
        }
        #expect(isOver)
    }
}
