internal import Glibc
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerStore
internal import OstlerTasks
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// kill -9 of submitters, workers, launchers, plugins and commands at random moments, over tasks that may be repeated
    /// and such that must not be. They write to a ledger that none of the programs knows of: it tells what really ran.
    @Suite(.sandboxed)
    struct QueueStormTests {
        private static let kills = Surroundings.environment("OSTLER_LONG") == "1" ? 1000 : 15

        @Test func `Whoever is killed, each accepted task ends once, and as it is told`() async throws {
            try await withQueue { rig in
                let storm = try await onThread {
                    var storm = QueueStorm(rig, seed: 1)
                    for _ in 0..<5 * Self.kills where storm.kills < Self.kills || storm.isMissingOne {
                        try storm.strike(aimed: storm.kills >= Self.kills)
                    }
                    try storm.settle()
                    return storm
                }
                try await storm.judge()
                #expect(storm.kills >= Self.kills && !storm.isMissingOne, "\(storm.victims)")
            }
        }
    }
}

/// Programs at work on one queue, and whoever kills them.
private struct QueueStorm: @unchecked Sendable {
    // Proof: it is handed from one thread to the next, and never used by two.

    enum Victim: String, CaseIterable {
        case submitter
        case worker
        case launcher
        case plugin
        case command
    }

    /// What a task is allowed.
    private enum Class: String, CaseIterable {
        case idempotent
        case unsafe
    }

    private let rig: QueueRig
    private var random: SeededGenerator
    private let marker = Marker()
    private let before: Leftovers
    private var workers: [Child?] = [nil, nil]
    private var submitter: Child?
    private var batch = 0
    /// The numbers that submitters have printed.
    private var told: Set<TaskID> = []
    private(set) var victims: [Victim: Int] = [:]
    private var reopened = 0
    private var last: [Family] = []

    private static let batchSize = 6

    var kills: Int { victims.values.reduce(0, +) }
    /// Whether somebody was never killed.
    var isMissingOne: Bool { victims.count < Victim.allCases.count }

    init(_ rig: QueueRig, seed: UInt64) {
        self.rig = rig
        random = SeededGenerator(seed: seed)
        before = Leftovers(rig.tree)
    }

    // MARK: The storm

    /// Has everybody at work, waits a random while, and kills one of them.
    /// - Parameter isAimed: whether it is to be one of those who were never killed; such a one is waited for.
    mutating func strike(aimed isAimed: Bool) throws {
        for index in workers.indices where workers[index]?.hasEnded ?? true {
            workers[index] = try rig.start(["worker", "--slots", "4", "--name", "w\(index)", "--quiet"])
        }
        harvest()
        if submitter == nil { submitter = try newSubmitter() }
        let missing = isAimed ? Victim.allCases.filter { victims[$0] == nil } : []
        let all = [Victim.submitter, .submitter, .worker, .worker, .launcher, .plugin, .plugin, .command]
        let victim = (missing.isEmpty ? all : missing).randomElement(using: &random) ?? .worker
        // A submitter is soon done.
        wait(upTo: victim == .submitter ? 60 : 250)
        var target = process(victim)
        let end = ContinuousClock.now.advanced(by: .seconds(1))
        while target == nil, isAimed, ContinuousClock.now < end {
            serve(2)
            target = process(victim)
        }
        if let target, kill(target, SIGKILL) == 0 { victims[victim, default: 0] += 1 }
        harvest(waiting: victim == .submitter)
    }

    private mutating func wait(upTo milliseconds: Int) {
        let moment = ContinuousClock.now.advanced(by: .milliseconds(Int.random(in: 1...milliseconds, using: &random)))
        while ContinuousClock.now < moment { serve(2) }
    }

    private mutating func process(_ victim: Victim) -> pid_t? {
        if victim == .submitter { return submitter.flatMap { $0.hasEnded ? nil : $0.process } }
        guard let worker = workers.compactMap(\.self).filter({ !$0.hasEnded }).randomElement(using: &random) else {
            return nil
        }
        if victim == .worker { return worker.process }
        let family = Family(of: worker.process, rig.tree)
        last.append(family)
        last = last.suffix(4)
        switch victim {
        case .launcher: return family.process(.launcher)
        case .plugin:
            return family.members.first { $0.program == "python3" }?.process ?? family.process(.plugin)
        default: return family.members.first { ["sh", "sleep"].contains($0.program) }?.process
        }
    }

    private func serve(_ milliseconds: Int32) {
        for child in workers.compactMap(\.self) + (submitter.map { [$0] } ?? []) { child.serve(milliseconds) }
    }

    private mutating func newSubmitter() throws -> Child {
        batch += 1
        let tasks = (0..<Self.batchSize).map { task("b\(batch)-\($0)", $0) }
        var command = rig.command(["submit", "--file", "-"])
        command.input = .text(tasks.map { $0.text + "\n" }.joined())
        let child = try Child(command)
        child.closeInput()
        return child
    }

    private func task(_ name: String, _ place: Int) -> JSONValue {
        let quickly: JSONValue = ["attempts": 3, "min": "1ms", "max": "50ms"]
        return switch place {
        case 0, 1: QueueRig.mark(name, members: ["retry": quickly])
        case 2: QueueRig.mark(name, ["seconds": .number(.double(0.2))], members: ["retry": quickly])
        case 3: QueueRig.mark(name, executor: "mark-once")
        case 4: QueueRig.mark(name, executor: "mark-once", ["seconds": .number(.double(0.2))])
        default: QueueRig.command(name, ["sh", "-c", "echo \(name) >> ledger; sleep 0.2"])
        }
    }

    /// Takes in what a submitter that has ended has printed.
    private mutating func harvest(waiting: Bool = false) {
        guard let child = submitter, waiting || child.hasEnded else { return }
        let output = child.finish().output
        // The last line may be cut short.
        let whole = output.prefix((output.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1)
        told.formUnion(String(decoding: whole, as: UTF8.self).split(separator: "\n").compactMap { TaskID($0) })
        submitter = nil
    }

    // MARK: After it

    /// Lets workers that nobody kills end what there is; what was set aside is tried again, as a person would.
    mutating func settle() throws {
        harvest(waiting: true)
        for child in workers.compactMap(\.self) {
            child.send(SIGTERM)
            #expect(!child.finish(within: .seconds(60)).isOverdue)
        }
        for _ in 0..<3 {
            let worker = try rig.worker(["--slots", "8", "--quiet"])
            try rig.waitUntilDone(all().map(\.id), serving: [worker], within: .seconds(300))
            worker.send(SIGTERM)
            #expect(worker.finish().exitCode == 0)
            let unfinished = try all().filter { Self.class(of: $0) == .idempotent && $0.outcome != .succeeded }
            if unfinished.isEmpty { return }
            reopened += unfinished.count
            for task in unfinished { try rig.store.reopen(task.id, by: "test", at: task.submittedAt) }
        }
    }

    private func all() throws -> [TaskSummary] {
        try rig.store.list(TaskFilter(), after: nil, limit: 1_000_000).tasks
    }

    private static func `class`(of task: TaskSummary) -> Class { task.executor == "mark" ? .idempotent : .unsafe }

    /// The ledger against the store.
    func judge() async throws {
        let (tasks, marks) = (try all(), try rig.marks())
        let names = Set(tasks.map(\.name))
        #expect(told.subtracting(tasks.map(\.id)).isEmpty, "accepted, and not there any more")
        #expect(names.count == tasks.count)
        #expect(Set(marks.keys).subtracting(names).isEmpty, "ran, and was never accepted")
        var counts: [String: Int] = [:]
        var (ends, late, lost) = (0, 0, 0)
        for task in tasks {
            let ran = marks[task.name] ?? 0
            let kinds = try rig.events(of: task.id).map(\.kind)
            let ended = kinds.filter { $0 == .ended }.count - kinds.filter { $0 == .reopened }.count
            #expect(ended == 1, "task \(task.id) has \(ended) ends")
            ends += ended
            late += kinds.filter { $0 == .staleReport }.count
            lost += kinds.filter { $0 == .workerLost }.count
            counts["\(Self.class(of: task).rawValue), \(task.outcome?.rawValue ?? "not done")", default: 0] += 1
            #expect(task.outcome != .succeeded || ran > 0, "task \(task.id), \(task.name): a false success")
            switch Self.class(of: task) {
            case .unsafe: #expect(ran <= 1, "task \(task.id), \(task.name) ran \(ran) times")
            case .idempotent: #expect(ran >= 1 && task.outcome == .succeeded, "\(task.name): \(ran), \(task)")
            }
        }
        for number in 1...batch {
            let accepted = (0..<Self.batchSize).filter { names.contains("b\(number)-\($0)") }.count
            #expect(accepted == 0 || accepted == Self.batchSize, "a part of batch \(number) was accepted")
        }
        #expect(try rig.store.findDamage().isEmpty)
        try await expectNothingLeft()
        counts["batches"] = batch
        counts["tasks told of"] = told.count
        counts["tasks"] = tasks.count
        counts["tasks with one end"] = ends
        counts["attempts whose worker was lost"] = lost
        counts["late reports that were refused"] = late
        counts["tasks set aside, tried again by hand"] = reopened
        counts["marks beyond the first, of idempotent tasks"] = marks.values.reduce(0) { $0 + $1 - 1 }
        for (victim, kills) in victims { counts["kills, \(victim.rawValue)"] = kills }
        try tell(counts)
    }

    private func tell(_ counts: [String: Int]) throws {
        let report = RunReport("queue-storm", columns: ["what", "count"])
        for (what, count) in counts.sorted(by: { $0.key < $1.key }) {
            print("queue storm: \(what): \(count)")
            try report.add([what, "\(count)"], .zero)
        }
    }

    private func expectNothingLeft() async throws {
        // A launcher that was killed leaves empty control groups to the next one.
        await eventually("the end of all processes") {
            last.allSatisfy { Leftovers(rig.tree).since(before, marker, $0).allSatisfy { !$0.hasPrefix("process") } }
        }
    }
}

extension TaskSummary {
    /// Nil for a task that is not done.
    var outcome: Outcome? { if case .done(let outcome) = state { outcome } else { nil } }
}
