import OstlerProtocol
import OstlerResources
import OstlerTasks
import Testing

/// Rules of a run that tables of single resources do not show.
@Suite struct ApplyRulesTests {
    private func apply(
        _ text: String,
        to world: FakeWorld,
        noop: Bool = false,
        monitor: Bool = false
    ) async throws -> (outcomes: [ResourceOutcome], tally: ResourceTally) {
        let manifest = try readManifest(["site.yaml": text])
        var mode = ApplyMode()
        (mode.isNoop, mode.isMonitor) = (noop, monitor)
        let run = ApplyRun(world, mode, clock: { 0 })
        var outcomes: [ResourceOutcome] = []
        await run.apply(manifest) { outcomes.append($0) }
        return (outcomes, run.tally)
    }

    // MARK: Control

    /// Words count as the values that they name.
    @Test(arguments: [
        ("", true), ("if: true", true), ("if: 'true'", true), ("if: false", false), ("if: 'false'", false),
        ("unless: true", false), ("unless: false", true), ("if: null, unless: null", true),
        ("if: true, unless: true", false), ("if: true, unless: false", true), ("if: false, unless: true", false),
        ("if: false, unless: false", false),
    ])
    func `Control lets pass what both of its words let pass, in each way of a run`(
        _ control: String,
        _ admits: Bool
    ) async throws {
        let text = """
            - file:
                - /f: {control: {\(control)}, health_checks: [{command: exit 0}]}
            """
        for (noop, monitor) in [(false, false), (true, false), (false, true)] {
            let world = FakeWorld()
            let (outcomes, tally) = try await apply(text, to: world, noop: noop, monitor: monitor)
            #expect((outcomes.first?.state != .skipped) == admits, "noop \(noop), monitor \(monitor)")
            #expect(tally.exitCode == 0)
            // Without effects no check is run, and none of what is not looked at.
            #expect(world.ran == (admits && !noop ? ["exit 0"] : []))
            #expect((world.files["/f"] != nil) == (admits && !noop && !monitor))
        }
    }

    @Test func `Control is asked before requirements, and what it keeps out keeps nobody out`() async throws {
        let text = """
            - exec:
                - bad: {command: exit 1}
                - out: {command: do, control: {if: false}, require: ['exec#bad']}
                - requires: {command: do, require: ['exec#out']}
                - listens: {command: do, refresh_only: true, subscribe: ['exec#out']}
            """
        let outcomes = try await apply(text, to: FakeWorld()).outcomes
        #expect(outcomes.map(\.state) == [.failed, .skipped, .changed, .stable])
    }

    @Test func `An alias is heard as the name is, and its failure too`() async throws {
        let text = """
            - exec:
                - made: {command: do, alias: first}
                - listens: {command: do, refresh_only: true, subscribe: ['exec#first']}
                - bad: {command: exit 1, alias: second}
                - requires: {command: do, require: ['exec#made', 'exec#second']}
            """
        let outcomes = try await apply(text, to: FakeWorld()).outcomes
        #expect(outcomes.map(\.state) == [.changed, .refreshed, .failed, .unmet])
        // Told as the manifest wrote it.
        #expect(outcomes.last?.unmet.map(\.description) == ["exec#second"])
    }

    // MARK: Health checks

    @Test func `No check is run for what failed, was left out or is only told`() async throws {
        let text = """
            - exec:
                - bad: {command: exit 1, health_checks: [{command: test /bad}]}
                - unmet: {command: do, require: ['exec#bad'], health_checks: [{command: test /unmet}]}
                - told: {command: do, noop: true, health_checks: [{command: test /told}]}
            """
        let world = FakeWorld()
        let outcomes = try await apply(text, to: world).outcomes
        #expect(outcomes.map(\.state) == [.failed, .unmet, .changed])
        #expect(outcomes.map(\.checks.count) == [0, 0, 0])
        #expect(world.ran == ["exit 1"])
    }

    /// The first that is not well names the failure; the others are told beside it.
    @Test(arguments: [
        ("exit 1", "degraded", "exit 2", "degraded", "two"), ("exit 2", "degraded", "exit 3", "degraded", "one"),
        ("exit 1", "failed", "exit 2", "degraded", "one"), ("exit 0", "failed", "exit 1", "failed", "two"),
        ("exit 1", "degraded", "exit 1", "degraded", ""), ("exit 0", "failed", "exit 0", "failed", ""),
    ])
    func `A resource fails by the first check that its own rule calls bad`(
        _ first: String,
        _ firstRule: String,
        _ second: String,
        _ secondRule: String,
        _ culprit: String
    ) async throws {
        let text = """
            - file:
                - /f:
                    health_checks:
                      - {name: one, command: \(first), warning: \(firstRule)}
                      - {name: two, command: \(second), warning: \(secondRule)}
            """
        let outcomes = try await apply(text, to: FakeWorld(["/f": ""])).outcomes
        let outcome = try #require(outcomes.first)
        #expect(outcome.checks.map(\.name) == ["one", "two"])
        #expect((outcome.state == .failed) == !culprit.isEmpty)
        #expect(outcome.error?.code == (culprit.isEmpty ? nil : "health_check_failed"))
        #expect(outcome.error.map { $0.message.contains(": \(culprit): ") } ?? culprit.isEmpty)
    }

    @Test(arguments: [("exit -9", "ended by signal 9"), ("exit 3", "no output, exit code 3")])
    func `A check that says nothing is told by how it ended`(_ command: String, _ words: String) async throws {
        let text = "- file:\n    - /f: {health_checks: [{command: \(command)}]}"
        let outcome = try await apply(text, to: FakeWorld(["/f": ""])).outcomes.first
        #expect(outcome?.error?.message == "health check status \"UNKNOWN\": exit: \(words)")
        let good = try await apply(text.replacing(command, with: "exit 0"), to: FakeWorld(["/f": ""])).outcomes.first
        #expect(good?.checks.map(\.output) == [""])
    }

    @Test func `What a failed check says keeps out those that require it`() async throws {
        let text = """
            - file:
                - /f: {health_checks: [{command: exit 2}]}
            - exec:
                - a: {command: do, require: ['file#/f']}
            """
        let outcomes = try await apply(text, to: FakeWorld(["/f": ""])).outcomes
        #expect(outcomes.map(\.state) == [.failed, .unmet])
    }

    // MARK: Files without effects

    /// `/there` is a file and `/d` a directory with the file `/d/f`. First a command would have changed something.
    @Test(arguments: [
        ("removes: [/d]", "/d/f: {ensure: absent}", ResourceOutcome.State.stable, ""),
        ("removes: [/d]", "/d/f: {content: a}", .failed, "no_directory"),
        ("removes: [/d]", "/d: {ensure: directory}", .changed, "absent"),
        ("removes: [/there]", "/there: {content: x}", .changed, "absent"),
        ("removes: [/other]", "/there: {content: x}", .stable, ""),
        ("removes: [/other]", "/there: {content: y}", .changed, "content"),
        ("creates: [/n]", "/n: {content: a}", .unknown, ""), ("creates: [/n]", "/n: {ensure: directory}", .unknown, ""),
        ("creates: [/n]", "/n: {ensure: absent}", .unknown, ""),
        ("creates: [/n]", "/n/f: {content: a}", .unknown, ""),
        // What holds something is a directory.
        ("creates: [/n/g]", "/n: {ensure: directory}", .stable, ""),
        ("creates: [/n/g]", "/n: {content: a}", .failed, "is_directory"),
        ("creates: [/n/g]", "/n/f: {content: a}", .changed, "absent"),
    ])
    func `A file is predicted from what would be there at its turn`(
        _ effects: String,
        _ file: String,
        _ state: ResourceOutcome.State,
        _ word: String
    ) async throws {
        let text = "- exec:\n    - x: {command: do, effects: {\(effects)}}\n- file:\n    - \(file)"
        let world = FakeWorld(["/there": "x", "/d": nil, "/d/f": "x"])
        let before = world.files
        let outcomes = try await apply(text, to: world, noop: true).outcomes
        let outcome = try #require(outcomes.last)
        #expect(outcome.state == state, "\(outcome)")
        #expect(outcome.error?.code == (state == .failed ? word : nil))
        if state == .changed { #expect(outcome.differences == [word]) }
        #expect(world.files == before && world.ran.isEmpty)
    }

    @Test(arguments: [("/there: {content: x}", false), ("/there: {content: y}", true), ("/no: {}", true)])
    func `After a command that says nothing of itself, it is told how things are now`(
        _ file: String,
        _ changes: Bool
    ) async throws {
        let text = "- exec:\n    - x: {command: do}\n- file:\n    - \(file)"
        let outcome = try await apply(text, to: FakeWorld(["/there": "x"]), noop: true).outcomes.last
        #expect(outcome?.state == .unknown)
        #expect(outcome?.changesAsThingsAre == changes)
        #expect(outcome?.changed == false)
    }

    /// `/d` is a directory with the file `/d/f`. What is told is what is done, also where something is in the way.
    @Test(arguments: [
        ("/d: {ensure: absent}", "", [ResourceOutcome.State.failed]),
        ("/d/f: {ensure: absent}", "/d: {ensure: absent}", [.changed, .changed]),
        ("/d/f: {ensure: absent}", "/d: {content: a}", [.changed, .failed]),
        ("/d/g: {content: a}", "/d: {ensure: absent}", [.changed, .failed]),
    ])
    func `A directory is removed only when nothing is left in it`(
        _ first: String,
        _ second: String,
        _ states: [ResourceOutcome.State]
    ) async throws {
        let world = FakeWorld(["/d": nil, "/d/f": "x"])
        let text = "- file:\n    - \(first)\n" + (second.isEmpty ? "" : "    - \(second)\n")
        let told = try await apply(text, to: world, noop: true).outcomes.map(\.state)
        let done = try await apply(text, to: world).outcomes.map(\.state)
        #expect(told == done)
        #expect(done == states)
    }

    @Test func `What is in the way now may be gone by then`() async throws {
        let text = """
            - exec:
                - x: {command: do -/d, effects: {removes: [/d]}}
            - file:
                - /d: {content: a}
            """
        let world = FakeWorld(["/d": nil, "/d/f": "x"])
        let told = try await apply(text, to: world, noop: true).outcomes
        let done = try await apply(text, to: world).outcomes
        #expect(told.map(\.state) == [.changed, .changed])
        #expect(told.map(\.state) == done.map(\.state))
    }

    @Test func `What fails its health check has changed nothing that others could rely on`() async throws {
        let text = """
            - file:
                - /f: {content: a, health_checks: [{command: exit 2}]}
            - exec:
                - reload: {command: do, refresh_only: true, subscribe: ['file#/f']}
            """
        let world = FakeWorld()
        let outcomes = try await apply(text, to: world).outcomes
        #expect(outcomes.map(\.state) == [.failed, .stable])
        #expect(outcomes.first?.changed == true && !world.ran.contains("do"))
    }

    @Test func `A directory that is made anew is empty, whatever was in it before`() async throws {
        let text = """
            - exec:
                - x: {command: do -/d, effects: {removes: [/d]}}
            - file:
                - /d: {ensure: directory}
                - /d/f: {ensure: absent}
            """
        let world = FakeWorld(["/d": nil, "/d/f": "x"])
        let told = try await apply(text, to: world, noop: true).outcomes
        let done = try await apply(text, to: world).outcomes
        #expect(done.map(\.state) == [.changed, .changed, .stable])
        #expect(told.map(\.state) == done.map(\.state))
    }

    @Test func `What requires something unknown is unknown, and so is what requires that`() async throws {
        let text = """
            - exec:
                - x: {command: do, effects: {creates: [/n]}}
            - file:
                - /n: {content: a}
                - /m: {content: a, require: ['file#/n']}
            - exec:
                - y: {command: do, require: ['file#/m']}
            """
        let outcomes = try await apply(text, to: FakeWorld(), noop: true).outcomes
        #expect(outcomes.map(\.state) == [.changed, .unknown, .unknown, .unknown])
    }
}
