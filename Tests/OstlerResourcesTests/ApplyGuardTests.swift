import OstlerProtocol
import OstlerResources
import OstlerTasks
import Synchronization
import Testing

/// What guards answer, what they cannot answer, and what is told of it.
@Suite struct ApplyGuardTests {
    private func apply(
        _ text: String,
        to world: FakeWorld = FakeWorld(["/there": ""]),
        noop: Bool = false
    ) async throws -> [ResourceOutcome] {
        let manifest = try readManifest(["site.yaml": text])
        var mode = ApplyMode()
        mode.isNoop = noop
        let run = ApplyRun(world, mode, clock: world.clock)
        var outcomes: [ResourceOutcome] = []
        await run.apply(manifest) { outcomes.append($0) }
        return outcomes
    }

    private func apply(exec properties: String, to world: FakeWorld = FakeWorld(["/there": ""])) async throws
        -> ResourceOutcome
    {
        try #require(try await apply("- exec:\n    - a: {\(properties)}", to: world).last)
    }

    // MARK: Failures of guards

    @Test(arguments: [
        ("onlyif: refuse", "guard_not_started", Outcome.failed), ("unless: exit -9", "guard_signal", .failed),
        ("creates: /closed", "guard_unanswered", .failed), ("onlyif: say cancelled never", "said", .cancelled),
        ("onlyif: say sandbox_error never", "said", .sandboxError), ("unless: say limit never", "said", .limit),
        ("unless: say denied never", "said", .denied),
    ])
    func `A guard that cannot be asked fails the resource, and nothing has run`(
        _ guards: String,
        _ code: String,
        _ verdict: Outcome
    ) async throws {
        let world = FakeWorld()
        world.state.withLock { $0.closed = ["/closed"] }
        let outcome = try await apply(exec: "command: do, \(guards)", to: world)
        #expect(outcome.state == .failed && outcome.verdict == verdict)
        #expect(outcome.error?.code == code && outcome.error?.sideEffects == Failure.SideEffects.none)
        if code.hasPrefix("guard_") {
            #expect(outcome.error?.message.hasSuffix("; nothing of the task was run") == true)
        }
        #expect(outcome.attempts == 0 && !world.ran.contains("do"))
    }

    @Test func `What cannot be looked up after the run makes nothing good, and nothing bad`() async throws {
        let world = FakeWorld(["/f": "old"])
        func apply(_ command: String) async throws -> ResourceOutcome? {
            let text =
                "- file:\n    - /f: {content: \(command)}\n- exec:\n    - a: {command: \(command), creates: /closed, "
            return try await self.apply(text + "subscribe: ['file#/f']}", to: world).last
        }
        world.state.withLock { $0.closed = ["/closed"] }
        let good = try await apply("exit 0")
        #expect(good?.state == .refreshed && good?.answers.creates == nil)
        #expect(try await apply("exit 3")?.error?.code == "desired_state_failed")
    }

    @Test(arguments: [
        ("shell", "exit 127", "guard_not_started"), ("shell", "exit 126", "guard_not_started"),
        ("shell", "exit 125", nil), ("posix", "exit 127", nil), ("posix", "exit 126", nil),
    ])
    func `A shell that did not find the guard's program has not answered`(
        _ provider: String,
        _ command: String,
        _ code: String?
    ) async throws {
        for member in ["onlyif", "unless"] {
            let outcome = try await apply(exec: "command: do, provider: \(provider), \(member): \(command)")
            #expect(outcome.error?.code == code, "\(member)")
            #expect((outcome.state == .failed) == (code != nil))
        }
    }

    // MARK: Without effects

    @Test(arguments: [
        ("file: [{/d: {ensure: directory}}]", "onlyif: need /d", ResourceOutcome.State.unknown, ""),
        ("file: [{/d: {ensure: directory}}]", "unless: exit -9", .unknown, ""),
        ("file: [{/d: {ensure: directory}}]", "creates: /closed", .unknown, ""),
        ("exec: [{do: }]", "onlyif: need /d", .unknown, ""),
        ("file: [{/d: {ensure: directory}}]", "onlyif: say denied never", .failed, "said"),
        // Nothing is changed before it.
        ("file: [{/there: {ensure: present}}]", "onlyif: need /d", .failed, "guard_not_started"),
        ("file: [{/there: {ensure: present}}]", "creates: /closed", .failed, "guard_unanswered"),
    ])
    func `A guard that cannot be asked yet is a failure only if nothing before it changes anything`(
        _ before: String,
        _ guards: String,
        _ state: ResourceOutcome.State,
        _ code: String
    ) async throws {
        let world = FakeWorld(["/there": ""])
        world.state.withLock { $0.closed = ["/closed"] }
        let text = "- \(before)\n- exec:\n    - a: {command: do, \(guards)}\n    - b: {command: do, creates: /other}"
        let outcomes = try await apply(text, to: world, noop: true)
        let outcome = outcomes[1]
        #expect(outcome.state == state && outcome.error?.code == (state == .failed ? code : nil))
        guard state == .unknown else { return }
        #expect(outcome.message?.hasPrefix("would fail as things are: ") == true)
        let opaque = "exec#do, which does not say what it changes, may run before"
        let why = before.contains("do: }") ? opaque : "what it depends on would change before"
        #expect(outcome.message?.hasSuffix("; " + why) == true, "\(outcome.message ?? "")")
        #expect(!outcome.changed && outcome.verdict == .succeeded)
        // What it would change nobody knows, unless it says so.
        #expect(outcomes[2].state == (guards.hasPrefix("creates") ? .changed : .unknown))
    }

    // MARK: Answers

    private typealias Answers = [Bool?]

    /// Of creates, onlyif and unless; then whether it is there.
    @Test(
        arguments: [
            ("command: do", [nil, nil, nil], nil), ("command: do, creates: /there", [true, nil, nil], .present),
            ("command: do, creates: /no", [false, nil, nil], .absent),
            ("command: do +/no, creates: /no", [true, nil, nil], .present),
            ("command: exit 1, creates: /no", [false, nil, nil], .absent),
            ("command: exit -9, creates: /no", [false, nil, nil], .absent),
            ("command: do, onlyif: test /there, unless: test /there", [nil, true, true], nil),
            ("command: do, onlyif: test /no, unless: test /there", [nil, false, nil], nil),
            ("command: do, unless: test /no", [nil, nil, false], nil),
            ("command: do, creates: /there, onlyif: test /no", [true, nil, nil], .present),
            ("command: do, onlyif: test /there, unless: refuse", [nil, true, nil], nil),
        ] as [(String, [Bool?], FileResource.Ensure?)]
    )
    func `What was asked is told, and nothing else`(
        _ properties: String,
        _ answers: [Bool?],
        _ ensure: FileResource.Ensure?
    ) async throws {
        let outcome = try await apply(exec: properties)
        #expect([outcome.answers.creates, outcome.answers.onlyif, outcome.answers.unless] == answers)
        #expect(outcome.ensure == ensure)
    }

    @Test(arguments: [
        ("/there: {content: x}", FileResource.Ensure.present, FileResource.Ensure.present),
        ("/there: {ensure: absent}", .absent, .present), ("/no: {content: x}", .present, .absent),
        ("/d: {ensure: directory}", .directory, .absent), ("/dir: {ensure: directory}", .directory, .directory),
    ])
    func `Of a file it is told what is there now`(
        _ file: String,
        _ done: FileResource.Ensure,
        _ told: FileResource.Ensure
    ) async throws {
        let files: [String: String?] = ["/there": "", "/dir": nil]
        #expect(try await apply("- file: [{\(file)}]", to: FakeWorld(files)).first?.ensure == done)
        #expect(try await apply("- file: [{\(file)}]", to: FakeWorld(files), noop: true).first?.ensure == told)
    }

    // MARK: Subscriptions and excuses

    @Test func `The first subscription that changed is named, as the manifest names it`() async throws {
        let text = """
            - file:
                - /there: {ensure: present}
                - /new: {content: x, alias: fresh}
                - /newer: {content: x}
            - exec:
                - a: {command: do, refresh_only: true, subscribe: ['file#/there', 'file#fresh', 'file#/newer']}
                - b: {command: exit 1, subscribe: ['exec#a']}
                - c: {command: do}
            """
        let outcomes = try await apply(text)
        #expect(outcomes.map(\.trigger?.description) == [nil, nil, nil, "file#fresh", "exec#a", nil])
        let told = try await apply(text, noop: true)
        #expect(told.map(\.trigger?.description) == outcomes.map(\.trigger?.description))
        let masked = outcomes[3].concealed { $0.replacing("fresh", with: "***") }
        #expect(masked.trigger?.description == "file#***")
    }

    @Test func `A bad exit code that counts as success is excused in the words of a run`() async throws {
        let world = FakeWorld()
        let told = "/x exists, so exit code 3 counts as success"
        world.state.withLock { $0.makes = ["/x"] }
        let outcome = try await apply(exec: "command: exit 3, creates: /x", to: world)
        #expect(outcome.state == .changed && outcome.excuse == told && outcome.exitCode == 3)
        #expect(outcome.concealed { $0.replacing("/x", with: "***") }.excuse?.hasPrefix("*** exists") == true)
        #expect(try await apply(exec: "command: exit 0", to: world).excuse == nil)
    }
}
