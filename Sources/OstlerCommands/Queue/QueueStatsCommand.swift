internal import OstlerCommandLine
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerStore
internal import OstlerSystem
internal import OstlerTasks

/// `ostler queue stats`.
struct QueueStatsCommand: Sendable {
    static let spec: CommandSpec = {
        var spec = CommandSpec("stats", "Counts the tasks of each queue, and lists the workers.")
        spec.synopsis = ["[OPTIONS]"]
        spec.sections = [GlobalOptions.sectionOfStore]
        spec.examples = ["ostler queue stats", "ostler queue stats --json"]
        spec.action = { try QueueStatsCommand($0).run() }
        return spec
    }()

    private let global: GlobalOptions

    private init(_ arguments: Arguments) throws(UsageError) {
        global = try GlobalOptions(arguments)
    }

    private func run() throws -> Int32 {
        let store = try global.lookIntoStore(try RunContext(global))
        let now = WallClock.milliseconds
        let (queues, workers) = (try store.statistics(at: now), try store.workers())
        guard global.json else {
            try Results.write(Self.table(queues, at: now) + "\n" + Self.table(workers, at: now))
            return 0
        }
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("queues")
        writer.beginArray()
        for queue in queues { queue.encode(into: &writer) }
        writer.endArray()
        writer.key("workers")
        writer.beginArray()
        for worker in workers { worker.encode(into: &writer) }
        writer.endArray()
        writer.endObject()
        try Results.write(writer)
        return 0
    }

    private static func table(_ queues: [QueueStatistics], at now: Int64) -> String {
        var table = Table(["QUEUE", "READY", "DELAYED", "BLOCKED", "RUNNING", "DONE", "OLDEST", ""])
        for queue in queues {
            let oldest = queue.oldestReadyAt.map { TimeText.brief(milliseconds: now - $0) } ?? "-"
            table.add([
                queue.queue, "\(queue.ready)", "\(queue.delayed)", "\(queue.blocked)", "\(queue.running)",
                "\(queue.done.values.reduce(0, +))", oldest, queue.isPaused ? "paused" : "",
            ])
        }
        return table.text
    }

    private static func table(_ workers: [WorkerRecord], at now: Int64) -> String {
        var table = Table(["WORKER", "NAME", "STATE", "RUNNING", "SLOTS", "SEEN", "EXECUTORS", "COVERS"])
        for worker in workers {
            let registration = worker.registration
            table.add([
                worker.id.description, Quotation.bare(registration.name, longest: 40), worker.state.rawValue,
                "\(worker.running)", "\(registration.slots)", TimeText.brief(milliseconds: now - worker.lastSeenAt),
                registration.executors.sorted().joined(separator: ","),
                registration.labels.sorted().joined(separator: ","),
            ])
        }
        return table.text
    }
}

extension QueueStatistics {
    fileprivate func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.optional("queue", queue)
        writer.key("paused")
        writer.bool(isPaused)
        let counts: [(StaticString, Int)] = [
            ("blocked", blocked), ("ready", ready), ("delayed", delayed), ("running", running),
        ]
        for (name, count) in counts {
            writer.key(name)
            writer.int(count)
        }
        writer.key("done")
        writer.beginObject()
        for outcome in Outcome.allCases {
            guard let count = done[outcome] else { continue }
            writer.key(dynamic: outcome.rawValue)
            writer.int(count)
        }
        writer.endObject()
        writer.optional("oldest_ready_ms", oldestReadyAt)
        writer.endObject()
    }
}

extension WorkerRecord {
    fileprivate func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.optional("worker", id.rawValue)
        writer.optional("name", registration.name)
        writer.optional("state", state.rawValue)
        writer.key("pid")
        writer.int(registration.identity.pid)
        writer.key("slots")
        writer.int(registration.slots)
        writer.key("running")
        writer.int(running)
        writer.key("executors")
        writer.strings(registration.executors.sorted())
        writer.key("labels")
        writer.strings(registration.labels.sorted())
        writer.optional("registered_ms", registeredAt)
        writer.optional("last_seen_ms", lastSeenAt)
        writer.endObject()
    }
}
