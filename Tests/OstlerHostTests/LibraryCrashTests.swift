import OstlerProtocol
import OstlerSystem
import OstlerTasks
import OstlerTestSupport
import Testing

/// Libraries that crash, hang and make a mess, in both kinds of plugins: each costs at most its own task.
@Suite(.serialized, .needsSandbox, .timeLimit(.minutes(5)))
struct `Libraries that misbehave` {
    struct Row: Sendable {
        let executor: String
        let what: String
        let outcome: Outcome
        /// The code of the error; nil for none.
        let code: String?
        /// What its message must say.
        let says: String
        var timeout: Int64 = 30_000
    }

    static let rows = [
        Row(
            executor: "null_pointer",
            what: "reads by a null pointer",
            .executorCrash,
            "executor_crashed",
            says: "signal 11"
        ),
        Row(
            executor: "wild_pointer",
            what: "writes by a wild pointer",
            .executorCrash,
            "executor_crashed",
            says: "signal 11"
        ),
        Row(executor: "double_free", what: "frees twice", .executorCrash, "executor_crashed", says: "signal 6"),
        Row(executor: "aborts", what: "calls `abort`", .executorCrash, "executor_crashed", says: "signal 6"),
        Row(executor: "exits", what: "calls `exit(0)`", .executorCrash, "executor_exited", says: "exited with code 0"),
        Row(
            executor: "exits_3",
            what: "calls `_exit(3)`",
            .executorCrash,
            "executor_exited",
            says: "exited with code 3"
        ),
        Row(executor: "loops", what: "does not come to an end", .timeout, "timeout", says: "", timeout: 5000),
        Row(
            executor: "takes_1_gb",
            what: "fills 1 GiB, with a limit of 256 MiB",
            .executorCrash,
            "executor_out_of_memory",
            says: "memory limit"
        ),
        Row(
            executor: "overflows_stack",
            what: "calls itself for ever",
            .executorCrash,
            "executor_crashed",
            says: "signal 11"
        ),
        Row(executor: "catches_signals", what: "handles every signal", .succeeded, nil, says: ""),
        Row(executor: "closes_stdout", what: "closes descriptor 1", .succeeded, nil, says: ""),
        Row(
            executor: "closes_everything",
            what: "closes all descriptors",
            .executorCrash,
            "executor_exited",
            says: "exited with code 0"
        ),
        Row(executor: "prints", what: "prints what looks like a message", .succeeded, nil, says: ""),
        Row(executor: "leaves_threads", what: "leaves threads running", .succeeded, nil, says: ""),
    ]

    private static let library = Result {
        try SharedObject.compile("Tests/Fixtures/foreign/crash.c", ["-I", Surroundings.packageRoot() + "/sdk/c"])
    }

    /// The manifest of a plugin whose executors are the functions of the library.
    private static func manifest(_ kind: String) -> String {
        let names = ["good"] + rows.map(\.executor)
        let isForeign = kind == "foreign"
        let functions = names.map { "  \($0): {returns: int, ok: 0}\n" }.joined()
        let executors = names.map { "  - {name: \($0)\(isForeign ? "" : ", payload: {}")}\n" }.joined()
        return """
            name: crash-\(kind)
            version: 1.0.0
            protocol: {min: 0, max: 0}
            kind: \(kind)
            entry: {library: lib/libcrash.so}
            limits: {memory: 256MiB}
            \(isForeign ? "functions:\n\(functions)" : "")
            executors:
            \(executors)
            """
    }

    @Test(arguments: ["foreign", "library"])
    func `each costs its own task and no other`(kind: String) async throws {
        try await withHost { setup in
            let files = [("plugin.yaml", Array(Self.manifest(kind).utf8)), ("lib/libcrash.so", try Self.library.get())]
            setup.plugins = []
            setup.ownPlugins = [.init(name: "crash-\(kind)", files: files.map { (path: $0.0, bytes: $0.1) })]
        } body: { host in
            for row in Self.rows {
                let result = await host.run("{}", executor: row.executor, timeout: row.timeout)
                #expect(result.outcome == row.outcome, "\(row.executor): \(result.text)")
                #expect(result.error?.code == row.code, "\(row.executor): \(result.text)")
                #expect(result.error?.message.contains(row.says) ?? true, "\(row.executor): \(result.text)")
                if row.outcome == .timeout { #expect(result.cancellation?.survivors == "none") }
                let good = await host.run("{}", executor: "good", timeout: 30_000)
                #expect(good.outcome == .succeeded, "after \(row.executor): \(good.text)")
            }
            await host.expectNoProcess()
        }
    }

    @Test func `the page has each of them with its outcome`() throws {
        var text = "\n| the library | outcome | code | the message says |\n|---|---|---|---|\n"
        for row in Self.rows {
            text += "| \(row.what) | `\(row.outcome.rawValue)` | \(row.code.map { "`\($0)`" } ?? "") | \(row.says) |\n"
        }
        try expectSection("libraries that misbehave", ofPage: "docs/reference/foreign.md", is: text + "\n")
    }
}

extension `Libraries that misbehave`.Row {
    fileprivate init(
        executor: String,
        what: String,
        _ outcome: Outcome,
        _ code: String?,
        says: String,
        timeout: Int64 = 30_000
    ) {
        self.init(executor: executor, what: what, outcome: outcome, code: code, says: says, timeout: timeout)
    }
}
