import OstlerCommandLine
import OstlerProtocol
import OstlerStore
import OstlerTasks
import Testing

@testable import OstlerCommands

private func arguments(_ words: [String]) throws -> Arguments {
    guard case .run(_, let arguments) = try CommandParser.parse(words, root: OstlerCommand.spec) else {
        throw UsageError("it is no command to run")
    }
    return arguments
}

private func filter(_ words: [String], at now: Int64 = 10_000_000) throws -> TaskFilterOptions {
    try TaskFilterOptions(try arguments(["tasks", "list"] + words), at: now)
}

@Suite struct `Options of the queue` {
    private func applied(_ words: [String], to spec: TaskSpec) throws -> TaskSpec {
        var spec = spec
        try QueueOptions(try arguments(["submit", "command"] + words), isBatch: false).apply(to: &spec)
        return spec
    }

    private var bare: TaskSpec { TaskSpec(id: "t", executor: "command", payload: []) }

    @Test func `they are laid over what the task says`() throws {
        var spec = bare
        var request = QueueRequest()
        request.queue = "file"
        request.after = ["a"]
        request.needs = ["gpu"]
        request.timeToLive = 5
        spec.queueing = request
        spec.priority = 3
        let same = try applied([], to: spec)
        #expect(same.queueing == request && same.priority == 3)
        let words = [
            "--queue", "option", "--after", "b", "--needs", "big", "--priority=-2", "--ttl", "1m", "--key", "k",
        ]
        let changed = try applied(words, to: spec)
        #expect(changed.queueing?.queue == "option")
        #expect(changed.queueing?.after == ["a", "b"])
        #expect(changed.queueing?.needs == ["gpu", "big"])
        #expect(changed.queueing?.timeToLive == 60_000)
        #expect(changed.priority == -2 && changed.idempotencyKey == "k")
    }

    @Test(arguments: [
        (["--queue", "two words"], "--queue two words: it must be 1 to 100"),
        (["--needs", ""], "--needs : it must be"),
        (["--ttl", "0s"], "--ttl must be longer than 0"),
        (["--not-before", "soon"], "--not-before soon: write a time such as"),
        (["--retry", "many"], "--retry many: write it as 3"),
        (["--priority", "high"], "--priority takes"),
    ])
    func `what is wrong is said with what would be right`(words: [String], message: String) throws {
        let error = #expect(throws: UsageError.self) { try applied(words, to: bare) }
        #expect(error?.message.hasPrefix(message) == true, "\(error?.message ?? "")")
    }

    @Test func `several tasks cannot have one key`() throws {
        #expect(throws: UsageError.self) {
            try QueueOptions(try arguments(["submit", "--file", "f", "--key", "k"]), isBatch: true)
        }
    }
}

@Suite struct `Which tasks a list is about` {
    @Test func `every option narrows`() throws {
        let options = try filter([
            "--state", "ready", "--state", "running", "--outcome", "failed", "--executor", "e", "--queue", "q", "--id",
            "n",
            "--label", "a=1", "--label", "b=2", "--run-id", "r", "--since", "1h", "--before", "2026-03-01T08:30:00Z",
            "--set-aside", "--limit", "7", "--after", "12",
        ])
        var expected = TaskFilter()
        expected.states = [.ready, .running]
        expected.outcomes = [.failed]
        expected.executor = "e"
        expected.queue = "q"
        expected.name = "n"
        expected.labels = ["a": "1", "b": "2"]
        expected.runID = "r"
        expected.submittedFrom = 10_000_000 - 3_600_000
        expected.submittedBefore = 1_772_353_800_000
        expected.isSetAside = true
        #expect(options.filter == expected)
        #expect(options.limit == 7 && options.cursor == TaskID(rawValue: 12))
    }

    @Test func `without options it is about all`() throws {
        let options = try filter([])
        #expect(options.filter == TaskFilter() && options.limit == 50 && options.cursor == nil)
    }

    @Test(arguments: [
        ["--state", "gone"], ["--outcome", "ok"], ["--since", "yesterday"], ["--label", "x"], ["--limit", "0"],
        ["--after", "x"],
    ])
    func `what cannot be understood is refused`(words: [String]) {
        #expect(throws: UsageError.self) { try filter(words) }
    }
}

@Suite struct `Tasks on a command line` {
    @Test func `each is named once`() throws {
        let tasks = try TaskArguments.all(try arguments(["tasks", "wait", "3", "1", "3"]))
        #expect(tasks == [TaskID(rawValue: 3), TaskID(rawValue: 1)])
    }

    @Test(arguments: ["x", "0", "-1", "01", "1.5", ""])
    func `what is no number is refused`(word: String) {
        #expect(throws: UsageError.self) { try TaskArguments.all(try arguments(["tasks", "show", word])) }
    }

    @Test func `what fails does not hold up the others`() throws {
        var done: [TaskID] = []
        let tasks = (1...3).map { TaskID(rawValue: $0) }
        func run(_ wrong: Set<Int64>) throws -> Int32 {
            done = []
            return try TaskArguments.each(tasks) { task in
                if wrong.contains(task.rawValue) { throw Failure(store: .unknownTask, "none") }
                done.append(task)
            }
        }
        #expect(try run([]) == 0)
        #expect(try run([2]) == 2)
        #expect(done == [TaskID(rawValue: 1), TaskID(rawValue: 3)])
        #expect(try run([1, 2, 3]) == 3)
    }
}

@Suite struct `Exit codes of the store's failures` {
    @Test(
        arguments: [
            (.queueFull, .user, 75), (.unknownTask, .user, 3), (.storeTooNew, .user, 3), (.storeFull, .infra, 5),
            (.storeLocked, .infra, 5), (.storeFault, .infra, 5),
        ] as [(StoreCode, Failure.Fault, Int32)]
    )
    func `they tell whose fault it is`(code: StoreCode, fault: Failure.Fault, exitCode: Int32) {
        #expect(Failure(store: code, fault: fault, "m").exitCode == exitCode)
    }
}
