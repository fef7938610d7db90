import OstlerProtocol
import OstlerResources
import OstlerTasks
import OstlerTestSupport
import Testing

@Suite struct ApplyRunTests {
    private func apply(
        _ text: String,
        to world: FakeWorld,
        noop: Bool = false,
        monitor: Bool = false,
        failFast: Bool = false
    ) async throws -> (outcomes: [ResourceOutcome], tally: ResourceTally) {
        let manifest = try readManifest(["site.yaml": text])
        var mode = ApplyMode()
        (mode.isNoop, mode.isMonitor, mode.failsFast) = (noop, monitor, failFast)
        let run = ApplyRun(world, mode, clock: { 0 })
        var outcomes: [ResourceOutcome] = []
        await run.apply(manifest) { outcomes.append($0) }
        return (outcomes, run.tally)
    }

    private typealias State = ResourceOutcome.State

    /// The decision table, with each row for real and without effects. `/there` exists; `x` is what is decided on.
    @Test(arguments: [
        ("creates: /there, subscribe: [file#/f]", State.refreshed, "Would have executed via subscribe"),
        ("refresh_only: true, subscribe: [file#/f]", .refreshed, "Would have executed via subscribe"),
        ("creates: /there", .stable, ""), ("onlyif: test /no", .stable, ""), ("unless: test /there", .stable, ""),
        ("refresh_only: true", .stable, ""), ("refreshonly: true, subscribe: [file#/same]", .stable, ""),
        ("creates: /no", .changed, "Would have executed"), ("onlyif: test /there", .changed, "Would have executed"),
        ("unless: test /no", .changed, "Would have executed"), ("control: {if: true}", .changed, "Would have executed"),
        ("control: {if: false}", .skipped, ""), ("control: {unless: true}", .skipped, ""),
        ("onlyif: exit -9", .failed, ""),
    ])
    func `What is decided is done, and told the same without effects`(
        _ properties: String,
        _ state: ResourceOutcome.State,
        _ message: String
    ) async throws {
        let text =
            "- file:\n    - /same: {content: a}\n    - /f: {content: a}\n- exec:\n    - x: {command: do, \(properties)}"
        // The guards that ask the machine must not depend on what changes before them.
        let isTriggered = properties.contains("file#/f")
        let files: [String: String?] = ["/there": "", "/same": "a", "/f": isTriggered ? "b" : "a"]
        let world = FakeWorld(files)
        let dry = FakeWorld(files)
        let real = try await apply(text, to: world).outcomes.last
        let noop = try await apply(text, to: dry, noop: true).outcomes.last
        #expect(real?.state == state)
        #expect(noop?.state == state)
        #expect(noop?.message ?? "" == message)
        #expect(noop?.changed == real?.changed)
        #expect(dry.files == world.copy().files || isTriggered)
        #expect(!dry.ran.contains("do"))
        #expect(world.ran.contains("do") == [.refreshed, .changed].contains(state))
    }

    @Test(arguments: [
        ("command: exit 0", State.changed, 0), ("command: exit 1", .failed, 1),
        ("command: exit 1, returns: [0, 1]", .changed, 0), ("command: exit 0, returns: [1]", .failed, 1),
        ("command: exit -9, returns: [0, 9, 137]", .failed, 1), ("command: exit 124, returns: [124]", .failed, 4),
        ("command: exit 3, creates: /x", .failed, 1), ("command: refuse", .failed, 1),
    ])
    func `Exit codes decide what succeeded`(
        _ properties: String,
        _ state: ResourceOutcome.State,
        _ code: Int32
    ) async throws {
        let (outcomes, tally) = try await apply("- exec:\n    - a: {\(properties)}", to: FakeWorld())
        #expect(outcomes.first?.state == state)
        #expect(tally.exitCode == code)
    }

    @Test func `A path that is there makes good a bad exit code, but not of a refresh`() async throws {
        let world = FakeWorld(["/f": "old"])
        let text = """
            - file:
                - /f: {content: new}
            - exec:
                - a: {command: exit 3, creates: /f, subscribe: ['file#/f']}
            """
        let (outcomes, _) = try await apply(text, to: world)
        #expect(outcomes.last?.state == .failed)
        #expect(outcomes.last?.error?.message.contains("exit code 3 not in allowed returns [0]") == true)
    }

    @Test func `What requires a failure is skipped, and so is what requires that`() async throws {
        let text = """
            - exec:
                - a: {command: exit 1}
                - b: {require: [exec#a]}
                - c: {require: [exec#b]}
                - d: {command: do}
            """
        let (outcomes, tally) = try await apply(text, to: FakeWorld())
        #expect(outcomes.map(\.state) == [.failed, .unmet, .unmet, .changed])
        #expect(outcomes[1].unmet.map(\.description) == ["exec#a"])
        #expect(tally.exitCode == 2)
        let fast = try await apply(text, to: FakeWorld(), failFast: true)
        #expect(fast.outcomes.count == 1 && fast.tally.notReached == 3 && fast.tally.exitCode == 1)
    }

    @Test func `A resource under noop makes nothing happen for others`() async throws {
        let text = """
            - file:
                - /f: {content: a, noop: true}
            - exec:
                - a: {command: do, refresh_only: true, subscribe: ['file#/f']}
            """
        let world = FakeWorld()
        let (outcomes, _) = try await apply(text, to: world)
        #expect(outcomes.map(\.state) == [.changed, .stable])
        #expect(world.ran.isEmpty && world.files["/f"] == nil)
    }

    @Test func `It is tried again as often as it says, with growing waits`() async throws {
        let text = "- exec:\n    - a: {command: exit 1 1 0, retry: {attempts: 3, min: 10ms, max: 40ms}}"
        let world = FakeWorld()
        let (outcomes, _) = try await apply(text, to: world)
        #expect(outcomes.first?.state == .changed && outcomes.first?.attempts == 3)
        #expect(world.pauses.count == 2 && world.pauses.allSatisfy { $0 > 0 })
        let worse = try await apply(text.replacing("3, min", with: "2, min"), to: FakeWorld())
        #expect(worse.outcomes.first?.state == .failed && worse.outcomes.first?.attempts == 2)
    }

    // MARK: Health checks

    @Test(arguments: [
        ("exit 0", HealthStatus.ok, State.stable, 0), ("exit 1", .warning, .stable, 2),
        ("exit 2", .critical, .failed, 1),
        ("exit 7", .unknown, .failed, 1), ("exit -9", .unknown, .failed, 1),
    ])
    func `Health checks speak the codes of Nagios`(
        _ command: String,
        _ status: HealthStatus,
        _ state: ResourceOutcome.State,
        _ code: Int32
    ) async throws {
        let text = "- file:\n    - /f: {health_checks: [{command: \(command), tries: 2}]}"
        let world = FakeWorld(["/f": ""])
        let (outcomes, tally) = try await apply(text, to: world)
        #expect(outcomes.first?.checks.map(\.status) == [status])
        #expect(outcomes.first?.state == state)
        #expect(tally.exitCode == code)
        // The pause is the default one, and not nothing.
        #expect(world.pauses == (status == .ok ? [] : [1000]))
    }

    @Test func `Tries end with the first that is well`() async throws {
        let text = "- file:\n    - /f: {health_checks: [{command: exit 2 0, tries: 5, try_sleep: 20ms}]}"
        let world = FakeWorld(["/f": ""])
        let (outcomes, _) = try await apply(text, to: world)
        #expect(outcomes.first?.checks.first?.tries == 2)
        #expect(world.pauses == [20])
    }

    @Test func `A monitor runs checks alone`() async throws {
        let text = """
            - exec:
                - a: {command: do +/x, health_checks: [{command: test /x, name: x}]}
                - b: {command: do, control: {if: false}, health_checks: [{command: exit 2}]}
            """
        let world = FakeWorld()
        let (outcomes, tally) = try await apply(text, to: world, monitor: true)
        #expect(world.ran == ["test /x"])
        #expect(outcomes.map(\.state) == [.stable, .skipped])
        #expect(tally.exitCode == 2 || outcomes.first?.checks.first?.status == .warning)
    }

    // MARK: Without effects

    @Test func `What nobody can know is called unknown`() async throws {
        let text = """
            - exec:
                - build: {command: do +/a}
                - a: {command: do, creates: /a}
                - b: {command: do, refresh_only: true, subscribe: [exec#a]}
                - c: {command: do}
            """
        let (outcomes, tally) = try await apply(text, to: FakeWorld(), noop: true)
        #expect(outcomes.map(\.state) == [.changed, .unknown, .unknown, .changed])
        #expect(outcomes[1].changesAsThingsAre == true)
        #expect(outcomes[1].message?.contains("exec#build, which does not say what it changes") == true)
        #expect(tally.exitCode == 0)
    }

    /// Manifests at random whose commands declare what they change, on machines at random.
    @Test func `Noop tells exactly what a real run then changes, or that it cannot know`() async throws {
        var random = SeededGenerator(seed: 7)
        let rounds = Surroundings.environment("OSTLER_LONG") == "1" ? 20_000 : 500
        var (unknown, certain) = (0, 0)
        for round in 0..<rounds {
            let manifest = RandomManifest(&random)
            let world = FakeWorld(manifest.files)
            let before = world.files
            let noop = try await apply(manifest.text, to: world, noop: true).outcomes
            #expect(world.files == before && !world.ran.contains { $0.hasPrefix("do") }, "round \(round)")
            let real = try await apply(manifest.text, to: world).outcomes
            for (predicted, happened) in zip(noop, real) {
                // A real run tells of these what is there, a forecast what would be: they change nothing in either.
                guard !predicted.isNoopItself else {
                    guard predicted.event.isUnmet == happened.event.isUnmet else { break }
                    continue
                }
                guard predicted.state != .unknown else {
                    unknown += 1
                    continue
                }
                certain += 1
                // Both are executed; whether what it listens to had changed may be unknown, and then is no matter.
                let isSame = predicted.state == happened.state || (predicted.changed && happened.changed)
                guard isSame, predicted.changed == happened.changed else {
                    Issue.record(
                        "round \(round): \(predicted.title): \(predicted.state), and then \(happened.state)\n\(manifest.text)"
                    )
                    return
                }
            }
        }
        #expect(certain > unknown, "\(certain) known, \(unknown) unknown")
    }
}

/// A machine and a manifest for it.
private struct RandomManifest {
    let files: [String: String?]
    let text: String

    private static let paths = ["/a", "/b", "/d/a", "/d/b", "/d/e/a", "/d", "/d/e"]

    init(_ random: inout SeededGenerator) {
        var files: [String: String?] = [:]
        for path in Self.paths where Bool.random(using: &random) {
            if path.hasPrefix("/d/") { files["/d"] = .some(nil) }
            if path.hasPrefix("/d/e/") { files["/d/e"] = .some(nil) }
            files[path] =
                path.hasSuffix("d") || path.hasSuffix("e") ? .some(nil) : ["x", "y"].randomElement(using: &random)
        }
        self.files = files
        var lines: [String] = []
        var names: [String] = []
        for index in 0..<Int.random(in: 1...8, using: &random) {
            let (kind, name, properties) = Self.resource(index, names, &random)
            guard !names.contains("\(kind)#\(name)") else { continue }
            lines.append("- \(kind):\n    - \(name): {\(properties.joined(separator: ", "))}")
            names.append("\(kind)#\(name)")
        }
        text = lines.joined(separator: "\n") + "\n"
    }

    private static func resource(
        _ index: Int,
        _ names: [String],
        _ random: inout SeededGenerator
    ) -> (kind: String, name: String, properties: [String]) {
        let path = paths.randomElement(using: &random) ?? "/a"
        let isDirectory = path.hasSuffix("d") || path.hasSuffix("e")
        if Bool.random(using: &random) { return ("file", path, file(isDirectory, names, &random)) }
        var properties: [String] = []
        var (adds, removes): (Set<String>, Set<String>) = ([], [])
        for path in paths where !path.hasSuffix("d") && !path.hasSuffix("e") {
            switch Int.random(in: 0..<6, using: &random) {
            case 0: adds.insert(path)
            case 1: removes.insert(path)
            default: break
            }
        }
        let words = removes.sorted().map { "-" + $0 } + adds.sorted().map { "+" + $0 }
        properties.append("command: \"do \(words.joined(separator: " "))\"")
        let isDeclared = Int.random(in: 0..<8, using: &random) > 0
        if isDeclared {
            properties.append(
                "effects: {creates: [\(adds.sorted().joined(separator: ", "))], removes: [\(removes.sorted().joined(separator: ", "))]}"
            )
        } else if let made = adds.sorted().first, adds.count == 1, removes.isEmpty {
            properties.append("creates: \(made)")
        }
        if isDeclared, let made = adds.sorted().first, Bool.random(using: &random) {
            properties.append("creates: \(made)")
        }
        if Int.random(in: 0..<4, using: &random) == 0 { properties.append("unless: test \(path)") }
        // The second of them cannot even be asked where the path is not there.
        switch Int.random(in: 0..<8, using: &random) {
        case 0, 1: properties.append("onlyif: test \(path)")
        case 2: properties.append("onlyif: need \(path)")
        default: break
        }
        if let name = names.randomElement(using: &random), Bool.random(using: &random) {
            properties.append("subscribe: [\"\(name)\"]")
            if Bool.random(using: &random) { properties.append("refresh_only: true") }
        }
        if let name = names.randomElement(using: &random), Int.random(in: 0..<3, using: &random) == 0 {
            properties.append("require: [\"\(name)\"]")
        }
        if Int.random(in: 0..<12, using: &random) == 0 { properties.append("noop: true") }
        return ("exec", "e\(index)", properties)
    }

    private static func file(_ isDirectory: Bool, _ names: [String], _ random: inout SeededGenerator) -> [String] {
        var properties: [String] = []
        if Int.random(in: 0..<4, using: &random) == 0 {
            properties.append("ensure: absent")
        } else if isDirectory {
            properties.append("ensure: directory")
            let mode = ["0755", "0700", "0750", nil, nil].randomElement(using: &random) ?? nil
            if let mode { properties.append("mode: '\(mode)'") }
        } else {
            properties.append("content: \(["x", "y"].randomElement(using: &random) ?? "x")")
        }
        if let name = names.randomElement(using: &random), Int.random(in: 0..<4, using: &random) == 0 {
            properties.append("require: [\"\(name)\"]")
        }
        if Int.random(in: 0..<12, using: &random) == 0 { properties.append("noop: true") }
        return properties
    }
}
