internal import Glibc
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerStore
internal import OstlerTasks
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// Workers against the real programs: what was submitted is run, once, and its fate is true.
    @Suite(.sandboxed)
    struct WorkerTests {
        private static let isLong = Surroundings.environment("OSTLER_LONG") == "1"

        @Test func `What was submitted is run, and its result is what run would say`() async throws {
            try await withQueue { rig in
                let long = "seq 1 40000; echo warned >&2; exit 7"
                let tasks = try await rig.submit([
                    QueueRig.command("plain", ["echo", "hello"]), QueueRig.command("long", ["sh", "-c", long]),
                    QueueRig.command("missing", ["no-such-program"]), QueueRig.mark("m"),
                ])
                let worker = try await rig.run(["worker", "--until-idle"])
                #expect(worker.exitCode == 0, "\(worker.complaint)")
                #expect(try rig.outcomes(of: tasks) == [.succeeded, .failed, .failed, .succeeded])
                let plain = try rig.store.details(of: tasks[0])
                let result = try JSONValue(parsing: try #require(plain.result))
                #expect(result["id"]?.string == "plain")
                #expect(result["output"]?["text"]?.string == "hello\n")
                #expect(result["isolation"]?["profile"]?.string == "workspace")
                #expect(plain.attachments.isEmpty)
                try Self.expectLongOutput(rig, tasks[1])
                #expect(try rig.marks() == ["m": 1])
                #expect(try rig.store.workers().map(\.state) == [.retired])
            }
        }

        /// The result has the beginning of a long stream, an attachment all of it, and the log what came on both.
        private static func expectLongOutput(_ rig: QueueRig, _ task: TaskID) throws {
            let details = try rig.store.details(of: task)
            let whole = (1...40_000).map { "\($0)\n" }.joined()
            let result = try JSONValue(parsing: try #require(details.result))
            let text = try #require(result["output"]?["text"]?.string)
            #expect(whole.hasPrefix(text) && text.utf8.count == 64 << 10)
            #expect(result["output"]?["truncated"] == .bool(true))
            #expect(result["exit_code"] == .number(.int(7)))
            let attachment = try #require(details.attachments.first)
            #expect(attachment.name == "stdout")
            #expect(try rig.store.blob(attachment.digest) == Array(whole.utf8))
            let log = try rig.store.log(of: task, after: 0, limit: 10_000).map(\.chunk)
            #expect(log.filter { $0.stream == "stdout" }.flatMap(\.bytes) == Array(whole.utf8))
            #expect(log.filter { $0.stream == "stderr" }.flatMap(\.bytes) == Array("warned\n".utf8))
            let topics = try rig.events(of: task).filter { $0.kind == .note }.compactMap(\.word)
            #expect(Set(["route", "execution", "sandbox", "failure"]).isSubset(of: topics), "\(topics)")
        }

        @Test func `Two workers share a store, and each task runs once`() async throws {
            let count = Self.isLong ? 20_000 : 300
            try await withQueue { rig in
                // Nothing is taken before both are there.
                try rig.store.setPaused(QueueName.standard, true, at: 1)
                let names = (0..<count).map { "t\($0)" }
                let tasks = try await rig.submit(names.map { QueueRig.mark($0, executor: "mark-once") })
                try await onThread {
                    let workers = try (0..<2).map { try rig.worker(["--slots", "8", "--name", "w\($0)"]) }
                    try rig.store.setPaused(QueueName.standard, false, at: 2)
                    let wait: Duration = .seconds(Self.isLong ? 900 : 90)
                    try rig.waitUntilDone([tasks[count - 1]], serving: workers, within: wait)
                    try rig.waitUntilDone(tasks, serving: workers, within: wait)
                    for worker in workers { worker.send(SIGTERM) }
                    for worker in workers { #expect(worker.finish().exitCode == 0) }
                }
                #expect(try Set(rig.outcomes(of: tasks)) == [.succeeded])
                let marks = try rig.marks()
                #expect(marks.count == count && marks.values.allSatisfy { $0 == 1 })
                let busy = try Set(tasks.map { try rig.store.details(of: $0).attempts.map(\.worker) })
                #expect(busy.count == 2, "one of them did it all")
            }
        }

        @Test func `A worker that was stopped for too long finds its results refused`() async throws {
            let marker = Marker()
            let tasks = [QueueRig.mark("late", ["seconds": 5]), QueueRig.command("long", ["sleep", marker.seconds])]
            try await withQueueOnThread(tasks) { rig, tasks in
                let first = try rig.worker(["--name", "first"])
                defer { first.send(SIGKILL) }
                for task in tasks { try rig.waitUntilRunning(task, serving: [first]) }
                #expect(marker.waitFor(1))
                try eventuallyOnThread("the first mark") { try rig.marks() == ["late": 1] }
                first.send(SIGSTOP)
                // The first one is noticed within 15 s; one is idempotent and is tried again, one is not.
                let second = try rig.worker(["--name", "second"])
                try rig.waitUntilDone(tasks, serving: [second], within: .seconds(60))
                #expect(marker.processes.isEmpty, "what the stopped worker had started still runs")
                let before = try tasks.map { try rig.store.details(of: $0) }
                first.send(SIGCONT)
                try eventuallyOnThread("the refusal of late results") {
                    first.serve(5)
                    return try tasks.allSatisfy { try rig.events(of: $0).contains { $0.kind == .staleReport } }
                }
                #expect(try tasks.map { try rig.store.details(of: $0) } == before, "a late result changed something")
                #expect(try rig.outcomes(of: tasks) == [.succeeded, .lost])
                #expect(try rig.marks() == ["late": 2])
                for worker in [first, second] {
                    worker.send(SIGTERM)
                    #expect(worker.finish().exitCode == 0)
                }
            }
        }

        @Test func `A worker that is killed takes all with it, and the next one settles what it held`() async throws {
            let marker = Marker()
            let tasks = [
                QueueRig.mark("again", ["seconds": 5]), QueueRig.mark("once", executor: "mark-once", ["seconds": 30]),
                QueueRig.command("long", ["sleep", marker.seconds]),
            ]
            try await withQueueOnThread(tasks) { rig, tasks in
                let first = try rig.worker(["--slots", "4"])
                for task in tasks { try rig.waitUntilRunning(task, serving: [first]) }
                #expect(marker.waitFor(1))
                let family = Family(of: first.process, rig.tree)
                #expect(family.process(.plugin) != nil)
                first.send(SIGKILL)
                eventuallyOnThread("the end of what the worker had started") {
                    marker.processes.isEmpty && family.members.allSatisfy { !isAlive($0.process) }
                }
                _ = first.finish()
                let second = try rig.worker(["--slots", "4"])
                try rig.waitUntilDone(tasks, serving: [second])
                #expect(try rig.outcomes(of: tasks) == [.succeeded, .lost, .lost])
                let recovery = try rig.events(of: tasks[2]).first { $0.kind == .note && $0.word == "recovery" }
                let detail = try JSONValue(parsing: try #require(recovery?.detail))
                #expect(detail["survivors"]?.string == "none")
                second.send(SIGTERM)
                #expect(second.finish().exitCode == 0)
            }
        }

        @Test func `A worker that drains ends what it has and leaves the rest`() async throws {
            let tasks = (0..<3).map { QueueRig.mark("d\($0)", ["seconds": 5]) }
            try await withQueueOnThread(tasks) { rig, tasks in
                let worker = try rig.worker(["--slots", "1"])
                try rig.waitUntilRunning(tasks[0], serving: [worker])
                worker.send(SIGTERM)
                #expect(worker.finish().exitCode == 0)
                #expect(try rig.outcomes(of: tasks) == [.succeeded, nil, nil])
                #expect(try rig.store.workers().map(\.state) == [.retired])
            }
        }

        @Test func `A second signal ends at once, and what ran is told as lost or tried again`() async throws {
            let marker = Marker()
            let tasks = [QueueRig.command("long", ["sleep", marker.seconds]), QueueRig.mark("again", ["seconds": 20])]
            try await withQueueOnThread(tasks) { rig, tasks in
                let worker = try rig.worker(["--slots", "2"])
                for task in tasks { try rig.waitUntilRunning(task, serving: [worker]) }
                #expect(marker.waitFor(1))
                worker.send(SIGTERM)
                eventuallyOnThread("the drain") {
                    worker.serve(5)
                    return worker.hasWritten("draining")
                }
                worker.send(SIGTERM)
                let finished = worker.finish()
                #expect(finished.exitCode == 128 + SIGTERM, "\(finished.complaint)")
                #expect(marker.processes.isEmpty)
                #expect(try rig.outcomes(of: tasks) == [.lost, nil])
                #expect(try rig.store.details(of: tasks[0]).summary.errorCode == "worker_stopped")
                #expect(try rig.store.details(of: tasks[1]).summary.state == .ready)
            }
        }

        @Test func `A running task is cancelled with proof, and a queued one never runs`() async throws {
            let marker = Marker()
            let tasks = [QueueRig.command("running", marker.argv()), QueueRig.mark("queued")]
            try await withQueueOnThread(tasks) { rig, tasks in
                #expect(try rig.store.cancel(tasks[1], by: "test", at: 1))
                let worker = try rig.worker()
                try rig.waitUntilRunning(tasks[0], serving: [worker])
                #expect(marker.waitFor(2))
                #expect(try !rig.store.cancel(tasks[0], by: "test", at: 2))
                try rig.waitUntilDone(tasks, serving: [worker])
                #expect(try rig.outcomes(of: tasks) == [.cancelled, .cancelled])
                let result = try JSONValue(parsing: try #require(try rig.store.details(of: tasks[0]).result))
                #expect(result["cancel"]?["survivors"]?.string == "none", "\(result.text)")
                #expect(marker.processes.isEmpty)
                #expect(try rig.marks().isEmpty)
                worker.send(SIGTERM)
                #expect(worker.finish().exitCode == 0)
            }
        }

        @Test func `A worker takes what it covers, from the queues that it looks into, and no paused one`() async throws
        {
            try await withQueue { rig in
                let tasks = try await rig.submit([
                    QueueRig.mark("gpu", members: ["needs": ["gpu"]]),
                    QueueRig.mark("mail", members: ["queue": "mail"]),
                    QueueRig.mark("held", members: ["queue": "held"]), QueueRig.mark("plain"),
                ])
                try rig.store.setPaused("held", true, at: 1)
                _ = try await rig.run(["worker", "--until-idle", "--queues", "default,held"])
                #expect(try rig.outcomes(of: tasks) == [nil, nil, nil, .succeeded])
                _ = try await rig.run(["worker", "--until-idle", "--labels", "gpu,zone=a"])
                #expect(try rig.outcomes(of: tasks) == [.succeeded, .succeeded, nil, .succeeded])
                try rig.store.setPaused("held", false, at: 2)
                _ = try await rig.run(["worker", "--until-idle"])
                #expect(try rig.outcomes(of: tasks) == [.succeeded, .succeeded, .succeeded, .succeeded])
            }
        }

        @Test func `Failures are tried again as asked, crashes by class, and poison is set aside`() async throws {
            try await withQueue { rig in
                let quickly: JSONValue = ["attempts": 3, "min": "10ms", "max": "20ms"]
                let tasks = try await rig.submit([
                    QueueRig.mark("failing", ["exit_code": 3], members: ["retry": quickly]),
                    QueueRig.mark("poison", ["crash": true], members: ["retry": quickly]),
                    QueueRig.mark("stale", members: ["ttl": "1ms"]),
                ])
                let worker = try await rig.run(["worker", "--until-idle"])
                #expect(worker.exitCode == 0, "\(worker.complaint)")
                #expect(try rig.outcomes(of: tasks) == [.failed, .executorCrash, .expired])
                // By itself: a plugin may have read a task together with one that it crashes over. Such a task ends as
                // if it had been begun, without its mark.
                let unsafe = QueueRig.mark("unsafe", executor: "mark-once", ["crash": true])
                let unsafeTasks = try await rig.submit([unsafe])
                let second = try await rig.run(["worker", "--until-idle"])
                #expect(second.exitCode == 0, "\(second.complaint)")
                #expect(try rig.outcomes(of: unsafeTasks) == [.executorCrash])
                #expect(try rig.marks() == ["failing": 3, "poison": 3, "unsafe": 1])
                let poisoned = try rig.store.details(of: tasks[1]).summary
                #expect(poisoned.isSetAside && poisoned.reason == .poison)
                #expect(try rig.store.details(of: tasks[0]).summary.reason == .exhausted)
            }
        }
    }
}
