import OstlerJSON
import OstlerProtocol
import OstlerStore
import OstlerTasks
import Testing

@testable import OstlerCommands

/// Each way in which a task can end, and what is told of it.
@Suite struct `The fate of a task` {
    private let desk = Desk()

    /// The words of the timeline, phase by phase.
    private func told(_ task: TaskID) throws -> [String] {
        try desk.explain(task).entries.map { "\($0.phase.rawValue): \($0.text)" }
    }

    @Test func `success is told with its way`() throws {
        let task = try desk.submit()
        let lease = try desk.begin(try desk.hire())
        desk.now += 1500
        let execution = #"{"outcome":"succeeded","exit_code":0,"running_us":1500000,"output_bytes":12}"#
        try desk.finish(lease, .succeeded, notes: [("execution", execution)])
        let story = try desk.explain(task)
        #expect(story.title == #"task 1 "build" (command): succeeded"#)
        #expect(story.cause.text == "its executor said that it had succeeded")
        #expect(story.cause.next == nil)
        #expect(
            try told(task) == [
                "submission: by uid:7 to the queue default",
                "validation: right by the schema of command 0.1.0; allowed by policy: profile strict, network none; "
                    + "executor is unsafe",
                "queue: claimed by worker 1",
                "execution: about to start: from here on it may have effects",
                "execution: started: plugin 55",
                "execution: succeeded, exit code 0, ran 1s, wrote 12 bytes",
                "outcome: succeeded",
            ]
        )
    }

    @Test func `a task that was tried again tells of each try`() throws {
        let task = try desk.submit {
            $0.retry = RetryPolicy(attempts: 2, backoff: .constant, least: 1000, most: 1000)
            $0.idempotency = .idempotent
        }
        let worker = try desk.hire()
        try desk.finish(try desk.begin(worker), .failed, exitCode: 2)
        let waiting = try desk.explain(task)
        #expect(waiting.title.hasSuffix(": retry"))
        #expect(waiting.cause.text.hasPrefix("its next try comes in "))
        desk.now += 1000
        try desk.finish(try desk.begin(worker), .failed, exitCode: 2)
        let story = try desk.explain(task)
        #expect(story.title.hasSuffix(": failed after 2 attempts"))
        #expect(story.cause.text == "the work ended with exit code 2; not tried again, since all tries have been made")
        #expect(story.cause.next?.contains("ostler tasks retry 1") == true)
        let retry = try #require(try told(task).first { $0.hasPrefix("retry: ") })
        #expect(retry.hasPrefix("retry: failed, perhaps with effects; tried again at "))
        #expect(
            try told(task).last == "outcome: failed, perhaps with effects; not tried again: all tries have been made"
        )
        #expect(story.entries.compactMap(\.attempt).max() == 2)
    }

    @Test func `a task that policy denies where it is run names the rule`() throws {
        let task = try desk.submit()
        let lease = try desk.begin(try desk.hire())
        let denied = Failure("command_denied", fault: .user, message: "command \"rm\" is blocked", hint: "take it out")
        let route = #"{"worker":"host1","executor":"command","policy":"denied"}"#
        try desk.finish(lease, .denied, exitCode: -1, error: denied, notes: [("route", route)])
        let story = try desk.explain(task)
        #expect(story.cause.text == "command \"rm\" is blocked")
        #expect(story.cause.code == "command_denied")
        #expect(story.cause.next == "take it out")
        #expect(try told(task).contains("route: policy denies it on the worker host1"))
    }

    @Test func `a task that took too long tells its limit, and that nothing is left`() throws {
        let task = try desk.submit()
        let lease = try desk.begin(try desk.hire())
        let limit = Failure.Limit(name: "timeout_ms", limit: 1000, observed: 1004)
        let late = Failure(
            "timeout",
            fault: .task,
            sideEffects: .possible,
            message: "it took longer than 1s",
            limit: limit
        )
        try desk.finish(
            lease,
            .timeout,
            exitCode: -1,
            error: late,
            cancellation: .init(reason: "timeout", stage: .killed, survivors: "none"),
            notes: [("cancel", #"{"reason":"timeout","stage":"kill","survivors":"none"}"#)]
        )
        let story = try desk.explain(task)
        #expect(
            story.cause.text.hasPrefix("it took longer than 1s; not tried again, since nobody asked for another try")
        )
        #expect(try told(task).contains("cancel: ended (timeout) by kill: nothing of it is left"))
    }

    @Test func `a task that ran out of memory tells what it had and what it wanted`() throws {
        let task = try desk.submit()
        let lease = try desk.begin(try desk.hire())
        let limit = Failure.Limit(name: "memory", limit: 1 << 20, observed: 1 << 20)
        let full = Failure("limit_memory", fault: .task, message: "it reached its limit of memory", limit: limit)
        let note = #"{"name":"memory","limit":1048576,"observed":1048576}"#
        let layers =
            #"{"profile":"strict","layers":[{"layer":"seccomp","asked":"required","enforced":true},"#
            + #"{"layer":"landlock","asked":"best","enforced":false},{"layer":"x","asked":"no","enforced":false}]}"#
        try desk.finish(lease, .limit, exitCode: -1, error: full, notes: [("limit", note), ("sandbox", layers)])
        #expect(try desk.explain(task).cause.text == "it reached its limit of memory")
        #expect(try told(task).contains("limit: reached memory: 1048576 of 1048576"))
        #expect(try told(task).contains("sandbox: profile strict, 1 of 3 layers enforced; not landlock"))
    }

    @Test func `a task whose worker is gone is lost, and says whose it was`() throws {
        let task = try desk.submit()
        let lease = try desk.begin(try desk.hire())
        let successor = try desk.hire()
        let orphans = try desk.store.evict(lease.worker, beats: nil, by: successor, at: desk.now)
        _ = try desk.store.abandon(try #require(orphans?.first).lease, at: desk.now)
        try desk.finish(lease, .succeeded)
        let story = try desk.explain(task)
        #expect(story.title.hasSuffix(": lost"))
        #expect(story.cause.text.contains("was gone while it ran, and nobody knows how far it came"))
        #expect(story.cause.text.contains("its executor is not said to be safe to repeat"))
        #expect(story.cause.next?.hasPrefix("look at what it may have done") == true)
        let told = try told(task)
        #expect(told.contains { $0.contains("worker 1 is gone") || $0.contains("worker 2 is gone") })
        #expect(told.last?.contains("reported succeeded too late") == true)
    }

    @Test(arguments: [false, true])
    func `a task whose time was over tells what it had waited for`(isBlocked: Bool) throws {
        let first = try desk.submit()
        let task = try desk.submit {
            $0.expiresAt = desk.now + 5000
            if isBlocked { $0.after = [.task(first)] }
        }
        desk.now += 5000
        let story = try desk.explain(task)
        #expect(story.title.hasSuffix(": expired"))
        let meanwhile = isBlocked ? "it still waited for other tasks: 1" : "no worker had claimed it"
        #expect(story.cause.text == "5s were over before it began: \(meanwhile)")
        #expect(try told(task).last == "outcome: expired")
    }

    @Test func `a task that was cancelled tells by whom and whether it had run`() throws {
        let waiting = try desk.submit()
        _ = try desk.store.cancel(waiting, by: "uid:9", at: desk.now)
        #expect(try desk.explain(waiting).cause.text == "uid:9 cancelled it before it ran")
        let running = try desk.submit()
        let lease = try desk.begin(try desk.hire())
        _ = try desk.store.cancel(running, by: "uid:9", at: desk.now)
        #expect(try desk.explain(running).cause.text.hasSuffix("it is to end, and its worker is told"))
        let proof = TaskResult.Cancellation(reason: "requested", stage: .asked, survivors: "none")
        try desk.finish(lease, .cancelled, exitCode: -1, cancellation: proof)
        let story = try desk.explain(running)
        #expect(story.cause.text == "uid:9 cancelled it while it ran; nothing of it is left")
        #expect(try told(running).contains("cancel: uid:9 wants it to end; its worker is told"))
    }

    @Test func `a task that was cancelled between two tries says so`() throws {
        let task = try desk.submit {
            $0.retry = RetryPolicy(attempts: 3)
            $0.idempotency = .pure
        }
        try desk.finish(try desk.begin(try desk.hire()), .failed, exitCode: 1)
        _ = try desk.store.cancel(task, by: "uid:9", at: desk.now)
        #expect(try desk.explain(task).cause.text == "uid:9 cancelled it between two tries")
    }

    @Test func `a task that fails by another leads back to the first that failed`() throws {
        let root = try desk.submit()
        let middle = try desk.submit { $0.after = [.task(root)] }
        let last = try desk.submit { $0.after = [.task(middle)] }
        try desk.finish(try desk.begin(try desk.hire()), .failed, exitCode: 3)
        let story = try desk.explain(last)
        #expect(story.title.hasSuffix(": dependency_failed"))
        #expect(
            story.cause.text.hasPrefix(
                "task 1, which it waits for (by way of 2), ended failed: the work ended with exit code 3"
            )
        )
        #expect(story.cause.task == root)
        #expect(try desk.explanation(last)["cause"]?["task"]?.int == 1)
    }

    @Test func `a plugin that crashes is told with its last words, until the task is set aside`() throws {
        let task = try desk.submit { $0.idempotency = .pure }
        let worker = try desk.hire()
        let crash = Failure("executor_crash", fault: .executor, retry: .same, message: "the plugin died of signal 11")
        for _ in 1...3 {
            try desk.finish(
                try desk.begin(worker),
                .executorCrash,
                exitCode: -1,
                error: crash,
                stderr: "a\nb\nc\nboom\n"
            )
            desk.now += 100_000
        }
        let story = try desk.explain(task)
        #expect(story.title.hasSuffix(": executor_crash after 3 attempts"))
        #expect(story.cause.text.hasPrefix("the plugin died of signal 11; not tried again, since it brought down"))
        #expect(story.lastWords == ["b", "c", "boom"])
        #expect(story.text.contains("  said   boom\n"))
    }

    @Test func `a queue that is full is told with its bound, though nothing is kept of the task`() throws {
        try desk.submit()
        let spec = TaskSpec(id: "t", executor: "command", payload: Array("{}".utf8))
        let submission = Submission(spec, document: [], origin: TaskOrigin(runID: "r", principal: "uid:7"))
        func explain(_ capacity: Int) throws -> SubmissionExplanation {
            try SubmissionExplanation(spec, [], submission, in: desk.store, capacity: capacity, at: desk.now)
        }
        let full = try explain(1)
        #expect(!full.isAccepted)
        #expect(full.story.cause.code == "queue_full")
        #expect(full.story.cause.text == "the queue default is full: 1 of 1 wait")
        #expect(full.story.cause.next?.contains("ostler worker") == true)
        try desk.hire()
        #expect(try explain(1).story.cause.next?.contains("store.capacity") == true)
        let fine = try explain(2)
        #expect(fine.isAccepted)
        #expect(fine.story.entries.map(\.text).contains("1 of 1 workers could run it"))
    }

    @Test func `a task that would be denied is told with the rule, though nothing is kept of it`() throws {
        let spec = TaskSpec(id: "t", executor: "command", payload: Array("{}".utf8))
        let denied = Failure("command_denied", fault: .user, message: "rm is blocked", hint: "take it out")
        let told = try SubmissionExplanation(spec, [denied], nil, in: desk.store, capacity: nil, at: desk.now)
        #expect(!told.isAccepted)
        #expect(told.story.cause.text == "rm is blocked" && told.story.cause.next == "take it out")
        #expect(told.story.entries.map(\.phase) == [.policy])
        var writer = JSONWriter()
        told.encode(into: &writer)
        #expect(try JSONValue(parsing: writer.bytes)["accepted"]?.bool == false)
    }
}
