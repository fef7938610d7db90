internal import Glibc
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerStore
internal import OstlerTasks
internal import OstlerTestSupport
internal import Testing

/// A queue with its store, a project in which tasks leave marks, and the programs that work on it.
struct QueueRig: Sendable {
    let tree: InstalledTree
    let store: SQLiteTaskStore

    let storePath: String
    /// Where workers run: tasks may write there.
    var project: String { tree.directory.file("home/project") }
    var ledger: String { project + "/ledger" }

    init(_ tree: InstalledTree) throws {
        self.tree = tree
        storePath = tree.directory.file("home/tasks.db")
        try tree.directory.makeDirectory("home/project")
        try tree.directory.write("home/config.yaml", "sandbox: {profile: workspace}\n")
        try tree.directory.write("home/project/ledger", "", mode: 0o666)
        chmod(tree.directory.file("home/project"), 0o777)
        try tree.directory.write("home/plugins/marker/plugin.yaml", Self.manifest(tree.directory.file("home/project")))
        try tree.directory.script("home/plugins/marker/bin/marker", Self.program)
        store = try SQLiteTaskStore(path: storePath)
    }

    /// The same with a store elsewhere.
    init(_ rig: QueueRig, storePath: String) throws {
        (tree, self.storePath) = (rig.tree, storePath)
        store = try SQLiteTaskStore(path: storePath)
    }

    // MARK: The plugin

    /// Offers the same in two classes: a mark in the ledger, and then a while; with `slow`, only so many attempts take it.
    private static func manifest(_ project: String) -> String {
        """
        name: marker
        version: 0.1.0
        protocol: {min: 0, max: 0}
        kind: process
        entry: {command: [bin/marker, "\(project)/ledger"]}
        executors:
          - {name: mark, payload: {type: object}, idempotency: idempotent}
          - {name: mark-once, payload: {type: object}, idempotency: unsafe}
        needs: {files: [{path: "\(project)", access: rw}]}
        """
    }

    private static let program = """
        #!/usr/bin/python3
        import json, os, sys, time

        ledger = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND)
        for line in sys.stdin:
            message = json.loads(line)
            result = {}
            if message["method"] == "initialize":
                result = {"protocol": 0, "name": "marker", "executors": ["mark", "mark-once"]}
            elif message["method"] == "execute":
                task = message["params"]
                payload = task["payload"]
                os.write(ledger, (payload.get("mark", "-") + "\\n").encode())
                if task["attempt"] <= payload.get("slow", task["attempt"]):
                    time.sleep(payload.get("seconds", 0))
                if payload.get("crash"):
                    os._exit(3)
                code = payload.get("exit_code", 0)
                if task["attempt"] <= payload.get("fail", 0):
                    code = 7
                result = {"task": task["task"], "outcome": "failed" if code else "succeeded", "exit_code": code}
            print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
            if message["method"] == "shutdown":
                break

        """

    /// A task that leaves a mark.
    /// - Parameter members: what else the task says, as to a queue.
    static func mark(
        _ name: String,
        executor: String = "mark",
        _ payload: [String: JSONValue] = [:],
        members: [String: JSONValue] = [:]
    ) -> JSONValue {
        var (object, task) = (JSONObject([("mark", .string(name))]), JSONObject([("id", .string(name))]))
        for (key, value) in payload { object[key] = value }
        for (key, value) in members { task[key] = value }
        task["executor"] = .string(executor)
        task["payload"] = .object(object)
        return .object(task)
    }

    /// A command line as a task.
    static func command(_ name: String, _ argv: [String]) -> JSONValue {
        let words = argv.dropFirst().map { JSONValue.string($0) }
        return [
            "id": .string(name), "executor": "command",
            "payload": ["command": .string(argv[0]), "args": .array(words)],
        ]
    }

    /// How often each mark stands in the ledger.
    func marks() throws -> [String: Int] {
        let text = String(decoding: try contents(ofFile: ledger), as: UTF8.self)
        return text.split(separator: "\n").reduce(into: [:]) { $0[String($1), default: 0] += 1 }
    }

    // MARK: The programs

    /// How a command of the queue is started here.
    func command(_ words: [String]) -> Child.Command {
        var command = tree.command(words + ["--config", "../config.yaml", "--plugin-path", "../plugins"])
        command.directory = project
        command.environment.append("OSTLER_STORE=" + storePath)
        return command
    }

    func start(_ words: [String]) throws -> Child { try Child(command(words)) }

    func run(_ words: [String], within limit: Duration = .seconds(60)) async throws -> Finished {
        try await tree.run(command(words), within: limit)
    }

    /// Submits tasks.
    /// - Returns: their numbers, in their order.
    func submit(_ tasks: [JSONValue], sourceLocation: SourceLocation = #_sourceLocation) async throws -> [TaskID] {
        var command = command(["submit", "--file", "-"])
        command.input = .text(tasks.map { $0.text + "\n" }.joined())
        let finished = try await tree.run(command)
        try #require(finished.exitCode == 0, "\(finished.complaint)", sourceLocation: sourceLocation)
        return finished.lines.compactMap { TaskID($0) }
    }

    /// Starts a worker; it has registered when this returns.
    func worker(_ words: [String] = []) throws -> Child {
        let child = try start(["worker", "--json"] + words)
        let isThere = eventuallyOnThread(within: .seconds(60), "a worker's registration") {
            child.serve(5)
            return child.hasWritten("registered") || child.hasEnded
        }
        guard isThere, !child.hasEnded else {
            throw TestSupportFailure("worker", String(decoding: child.finish().errors, as: UTF8.self), errno: 0)
        }
        return child
    }

    // MARK: The store

    func outcomes(of tasks: [TaskID]) throws -> [Outcome?] {
        try tasks.map { task in
            guard case .done(let outcome) = try store.details(of: task).summary.state else { return nil }
            return outcome
        }
    }

    /// Waits on a thread of its own until tasks are done, while programs that write are read.
    @discardableResult
    func waitUntilDone(_ tasks: [TaskID], serving children: [Child] = [], within limit: Duration = .seconds(60)) throws
        -> Bool
    {
        try eventuallyOnThread(within: limit, "the end of \(tasks.count) tasks") {
            for child in children { child.serve(2) }
            return try tasks.allSatisfy { try store.details(of: $0).summary.endedAt != nil }
        }
    }

    func waitUntilRunning(_ task: TaskID, serving children: [Child] = []) throws {
        try eventuallyOnThread("the start of task \(task)") {
            for child in children { child.serve(2) }
            return try store.details(of: task).summary.state == .running(.started)
        }
    }

    func events(of task: TaskID) throws -> [TaskEvent] { try store.events(of: task, after: 0, limit: 1000) }
}

/// Runs a test with a queue of its own.
func withQueue<R>(_ body: (QueueRig) async throws -> R) async throws -> R {
    try await withTree { tree in try await body(QueueRig(tree)) }
}

/// Runs a test that waits for programs, with a queue of its own, on a thread of its own.
func withQueueOnThread(_ tasks: [JSONValue], _ body: @escaping @Sendable (QueueRig, [TaskID]) throws -> Void)
    async throws
{
    try await withQueue { rig in
        let ids = tasks.isEmpty ? [] : try await rig.submit(tasks)
        try await onThread { try body(rig, ids) }
    }
}
