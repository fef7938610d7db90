internal import Glibc
internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// kill -9 of host, launcher, plugin and commands at random moments of a long run, which is then taken up again with
    /// what remains, until everything has its true outcome.
    @Suite(.sandboxed)
    struct KillStormTests {
        private static let isLong = Surroundings.environment("OSTLER_LONG") == "1"
        private static let kills = isLong ? 500 : 24
        private static let tasks = isLong ? 2000 : 200

        @Test func `Random kills make no false success, no double answer, and leave nothing`() async throws {
            try await withTree { tree in
                var storm = try Storm(tree, tasks: Self.tasks, kills: Self.kills, seed: 1)
                for _ in 0..<5 * Self.kills where !storm.isEnough {
                    if storm.remaining.isEmpty { storm.refill() }
                    try await storm.run(killing: true)
                }
                for _ in 0..<3 where !storm.remaining.isEmpty { try await storm.run(killing: false) }
                #expect(storm.remaining.isEmpty, "\(storm.remaining.count) tasks never ended well")
                #expect(storm.isEnough, "\(storm.kills) kills, of \(storm.victims)")
            }
        }
    }
}

/// A run that is killed and taken up again.
private struct Storm {
    /// A task, and what a true outcome of it is.
    struct Row {
        let line: String
        let exitCode: Int64
        let output: String
    }

    private(set) var remaining: [String: Row] = [:]
    private(set) var kills = 0
    private(set) var victims: Set<Victim> = []
    private let tree: InstalledTree
    private let tasks: Int
    /// How many are to be killed.
    private let wanted: Int
    private let marker = Marker()
    private let before: Leftovers
    private var random: SeededGenerator
    private var generation = 0

    /// Whether there were as many kills as are wanted, and each kind of victim was among them.
    var isEnough: Bool { kills >= wanted && victims.count == Victim.allCases.count }

    init(_ tree: InstalledTree, tasks: Int, kills wanted: Int, seed: UInt64) throws {
        try tree.directory.write("home/tasks.jsonl", "")
        self.tree = tree
        self.tasks = tasks
        self.wanted = wanted
        random = SeededGenerator(seed: seed)
        before = Leftovers(tree)
        refill()
    }

    mutating func refill() {
        generation += 1
        for number in 0..<tasks {
            let id = "g\(generation)-\(number)"
            remaining[id] = row(id, number)
        }
    }

    /// Short, long, chatty, failing, and such as leave a process in a session of its own.
    private func row(_ id: String, _ number: Int) -> Row {
        let (script, exitCode, output): (String, Int64, String) =
            switch number % 5 {
            case 0: ("exit \(number % 256)", Int64(number % 256), "")
            case 1: ("echo \(id)", 0, "\(id)\n")
            case 2: ("seq 1 \(number * 20)", 0, (0..<number * 20).map { "\($0 + 1)\n" }.joined())
            case 3: ("setsid sleep \(marker.seconds) & echo \(id)", 0, "\(id)\n")
            default: ("echo \(id); sleep 0.02; exit 3", 3, "\(id)\n")
            }
        let task: JSONValue = [
            "id": .string(id), "executor": "command",
            "payload": ["command": "sh", "args": ["-c", .string(script)]],
        ]
        return Row(line: task.text + "\n", exitCode: exitCode, output: output)
    }

    /// Runs what remains; strikes at random moments until the host itself is struck or the run is over.
    mutating func run(killing: Bool) async throws {
        let ids = remaining.keys.sorted().shuffled(using: &random)
        try tree.directory.write("home/tasks.jsonl", ids.compactMap { remaining[$0]?.line }.joined())
        let storm = self
        self = try await onThread {
            var copy = storm
            try copy.strike(killing)
            return copy
        }
    }

    private mutating func strike(_ killing: Bool) throws {
        let child = try tree.start(["run", "--file", "tasks.jsonl", "--jobs", "8", "--quiet"])
        var families: [Family] = []
        var struck: Set<Victim> = []
        while killing, !child.hasEnded, !struck.contains(.host), struck.count < 4 {
            let moment = ContinuousClock.now.advanced(by: .milliseconds(Int.random(in: 1...200, using: &random)))
            while ContinuousClock.now < moment, !child.hasEnded { child.serve(5) }
            let missing = kills < wanted ? [] : Victim.allCases.filter { !victims.contains($0) }
            // The host rarely: each of its deaths ends the run.
            let all = [Victim.command, .command, .plugin, .launcher, .host]
            let victim = (missing.isEmpty ? all : missing).randomElement(using: &random) ?? .command
            var family = Family(of: child.process, tree)
            // Who is still to be killed is waited for: each victim must have been one, and not by chance.
            let end = ContinuousClock.now.advanced(by: .seconds(missing.isEmpty ? 0 : 1))
            while family.process(victim) == nil, !child.hasEnded, ContinuousClock.now < end {
                child.serve(2)
                family = Family(of: child.process, tree)
            }
            families.append(family)
            guard !child.hasEnded, let target = family.process(victim), kill(target, SIGKILL) == 0 else { continue }
            struck.insert(victim)
            victims.insert(victim)
            kills += 1
        }
        let finished = child.finish(within: .seconds(120))
        #expect(!finished.isOverdue, "the host hangs after a kill of \(struck): \(finished.complaint)")
        judge(finished, struck)
        try expectNothingLeft(families, struck)
    }

    private mutating func judge(_ finished: Finished, _ struck: Set<Victim>) {
        let asked = Set(remaining.keys)
        var seen: Set<String> = []
        let lines = finished.output.split(separator: 0x0A, omittingEmptySubsequences: true)
        let isCut = finished.output.last != 0x0A && !finished.output.isEmpty
        #expect(!isCut || struck.contains(.host), "half a line")
        for line in isCut ? lines.dropLast() : lines[...] {
            guard let result = try? JSONValue(parsing: Array(line)), let id = result["id"]?.string else {
                Issue.record("not a result: \(String(decoding: line.prefix(200), as: UTF8.self))")
                continue
            }
            #expect(seen.insert(id).inserted, "two answers for \(id)")
            guard let row = remaining[id] else {
                Issue.record("an answer for \(id), which was not asked")
                continue
            }
            if isTrue(result, row) {
                remaining[id] = nil
            } else {
                judgeFailure(result, id, struck)
            }
        }
        // Whoever lives says something of each task.
        if !struck.contains(.host) {
            let silent = asked.subtracting(seen)
            #expect(silent.isEmpty, "nothing is said of \(silent.sorted().prefix(5)) after kills of \(struck)")
        }
    }

    private func isTrue(_ result: JSONValue, _ row: Row) -> Bool {
        let outcome = row.exitCode == 0 ? "succeeded" : "failed"
        guard result["outcome"]?.string == outcome, result["exit_code"] == .number(.int(row.exitCode)) else {
            return false
        }
        let output = String(decoding: result["output"]?.streamBytes ?? [], as: UTF8.self)
        #expect(output == row.output, "\(result["id"]?.string ?? ""): \(output.prefix(100))")
        return true
    }

    /// What is not as expected must be the doing of what was struck, and never a success.
    private func judgeFailure(_ result: JSONValue, _ id: String, _ struck: Set<Victim>) {
        let outcome = result["outcome"]?.string ?? ""
        let allowed: Bool =
            switch outcome {
            // The shell, or what it waited for, was killed.
            case "failed": struck.contains(.command)
            case "executor_crash": struck.contains(.plugin)
            case "sandbox_error": struck.contains(.launcher)
            default: false
            }
        #expect(allowed, "\(id): \(outcome) after kills of \(struck): \(result["error"]?["message"]?.string ?? "")")
    }

    private func expectNothingLeft(_ families: [Family], _ struck: Set<Victim>) throws {
        // The launcher of a host that was killed waits for what is dying, and takes away its cgroups last.
        var left: [String] = []
        try eventuallyOnThread("the end of all that \(struck) had, but \(left),") {
            left = Leftovers(tree).since(before, marker, families.last)
            // With both of them gone there is nobody who could take away empty control groups: the next run does.
            if struck.isSuperset(of: [.host, .launcher]), !left.isEmpty, left.allSatisfy({ $0.hasPrefix("cgroup") }) {
                let next = try tree.start(["run", "command", "--", "true"]).finish(within: .seconds(60))
                #expect(next.exitCode == 0, "the run after a kill of \(struck): \(next.complaint)")
            }
            return left.isEmpty
        }
    }
}
