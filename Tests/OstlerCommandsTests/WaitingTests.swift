import OstlerJSON
import OstlerProtocol
import OstlerStore
import OstlerTasks
import Testing

@testable import OstlerCommands

@Suite struct `Why a task has not got further` {
    private let desk = Desk()

    private func cause(_ task: TaskID) throws -> String { try desk.explain(task).cause.text }

    @Test func `it waits for others`() throws {
        let first = try desk.submit()
        let second = try desk.submit()
        let task = try desk.submit { $0.after = [.task(first), .task(second)] }
        #expect(try cause(task) == "it waits for task 1 (ready), 2 (ready)")
        try desk.finish(try desk.begin(try desk.hire()), .succeeded)
        #expect(try cause(task) == "it waits for task 2 (ready)")
        #expect(try desk.explain(task).cause.task == second)
    }

    @Test func `its moment has not come`() throws {
        let task = try desk.submit { $0.notBefore = desk.now + 90_000 }
        #expect(try cause(task) == "it may begin in 1m, at 00:18:10.000")
    }

    @Test func `its queue is paused`() throws {
        let task = try desk.submit { $0.queue = "q" }
        try desk.store.setPaused("q", true, at: desk.now)
        #expect(try desk.explain(task).cause.next == "`ostler queue resume q`")
    }

    @Test func `nobody works`() throws {
        let task = try desk.submit()
        #expect(try cause(task) == "no worker is running")
        try desk.store.retire(try desk.hire(), at: desk.now)
        #expect(try cause(task) == "no worker is running")
    }

    @Test func `nobody can do it`() throws {
        let task = try desk.submit { $0.needs = ["gpu", "zone=a"] }
        try desk.hire(executors: ["http"])
        #expect(try cause(task) == "no worker offers the executor command")
        try desk.hire(labels: ["zone=a"])
        #expect(try cause(task) == "no worker covers what it needs: gpu")
        try desk.hire(labels: ["gpu"])
        // Each covers a part of it.
        #expect(try cause(task) == "no worker covers what it needs: gpu,zone=a")
        try desk.hire(labels: ["gpu", "zone=a"])
        #expect(try cause(task).hasPrefix("its turn has come"))
    }

    @Test func `all are busy`() throws {
        try desk.submit()
        let task = try desk.submit()
        _ = try desk.begin(try desk.hire())
        #expect(
            try cause(task) == "all 1 slots of the workers that could run it are taken, 1 tasks of its queue are ready"
        )
    }

    @Test func `it runs`() throws {
        let task = try desk.submit()
        _ = try desk.begin(try desk.hire())
        desk.now += 3000
        let story = try desk.explain(task)
        #expect(story.cause.text == "attempt 1 runs on worker 1 for 3s")
        #expect(story.cause.next?.contains("tasks logs 1 --follow") == true)
    }

    @Test func `a task that is not there is told`() {
        let failure = #expect(throws: Failure.self) { try desk.explain(TaskID(rawValue: 9)) }
        #expect(failure?.storeCode == .unknownTask)
    }
}

@Suite struct `The story of a task for people` {
    private let desk = Desk()

    @Test func `it fits on a screen however often a task was tried`() throws {
        let task = try desk.submit {
            $0.retry = RetryPolicy(attempts: 50, backoff: .constant, least: 1, most: 1)
            $0.idempotency = .pure
        }
        let worker = try desk.hire()
        for _ in 1...50 {
            try desk.finish(try desk.begin(worker), .failed, exitCode: 1)
            desk.now += 10
        }
        let text = try desk.explain(task).text
        #expect(text.split(separator: "\n", omittingEmptySubsequences: false).count <= 24, "\(text)")
        #expect(text.contains("some attempts are left out: --json has all"))
        for attempt in [1, 50] { #expect(text.contains("#\(attempt) ")) }
        #expect(!text.contains("#20 "))
        let timeline = try #require(try desk.explanation(task)["timeline"]?.array)
        #expect(Set(timeline.compactMap { $0["attempt"]?.int }) == Set(1...50))
    }

    @Test func `what others wrote cannot steer a terminal`() throws {
        let task = try desk.submit { $0.name = "a\u{1B}[2Jb" }
        try desk.finish(
            try desk.begin(try desk.hire()),
            .failed,
            exitCode: 1,
            error: Failure("x", fault: .task, message: "bad\u{1B}[31m\nnews"),
            stderr: "last\u{7}words"
        )
        let text = try desk.explain(task).text
        #expect(!text.utf8.contains(0x1B) && !text.utf8.contains(0x07))
        #expect(text.contains("news"))
    }

    @Test func `as JSON it has the task, the cause and all that is known of each step`() throws {
        let task = try desk.submit()
        let told = try desk.explanation(task)
        #expect(told["task"]?["task"]?.int == 1)
        #expect(told["cause"]?["text"]?.string == "no worker is running")
        let checked = try #require(told["timeline"]?.array?.last)
        #expect(checked["phase"]?.string == "validation")
        #expect(checked["time_ms"]?.int == desk.now)
        #expect(checked["detail"]?["profile"]?.string == "strict")
    }

    @Test func `a task that a person had tried again keeps what was before`() throws {
        let task = try desk.submit()
        _ = try desk.store.cancel(task, by: "uid:9", at: desk.now)
        try desk.store.reopen(task, by: "uid:9", at: desk.now)
        let phases = try desk.explain(task).entries.map(\.text)
        #expect(phases.contains("cancelled") && phases.last == "uid:9 has it tried again")
    }

    @Test(arguments: [
        (
            "route", #"{"worker":"w","plugin":"p","version":"1","policy":"allowed"}"#,
            "route: plugin p 1 on the worker w"
        ),
        ("route", #"{"worker":"w","policy":"invalid"}"#, "route: refused on the worker w: the task is wrong there"),
        (
            "execution", #"{"outcome":"failed","signal":9,"running_us":5000,"usage":{"peak_bytes":3145728}}"#,
            "execution: failed, signal 9, ran 5ms, peak 3 MiB"
        ),
        ("execution", "{}", "execution: over"),
        ("failure", #"{"error":{"code":"c","message":"m"}}"#, "execution: m [c]"),
        ("failure", #"{"hint":"perhaps so"}"#, "execution: perhaps so"),
        ("limit", #"{"name":"tmp","limit":5,"observed":6,"at":"/tmp"}"#, "limit: reached tmp: 6 of 5 at /tmp"),
        (
            "cancel", #"{"reason":"requested","survivors":"unverified"}"#,
            "cancel: ended (requested): nothing shows whether something is left"
        ),
        ("log", #"{"kept_bytes":5}"#, "execution: more output than is kept: the end of it is only counted"),
        ("weather", #"{"rain":true}"#, #"note: weather {"rain":true}"#),
    ])
    func `a note is told in words`(topic: String, detail: String, text: String) throws {
        let words = NoteWords(topic, try JSONValue(parsing: detail))
        #expect("\(words.phase.rawValue): \(words.text)" == text)
    }

    @Test(
        arguments: [(0, "0ms"), (999, "999ms"), (1000, "1s"), (61_000, "1m"), (7_200_000, "2h"), (864_000_000, "10d")]
            as [(Int64, String)]
    )
    func `spans are short`(milliseconds: Int64, text: String) {
        #expect(TimeText.brief(milliseconds: milliseconds) == text)
    }
}
