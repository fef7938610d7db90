import OstlerProtocol
import OstlerResources
import Synchronization
import Testing

/// What a run without effects says, beside what a real one does on the same machine.
@Suite struct ApplyForecastTests {
    typealias State = ResourceOutcome.State

    private func world(_ files: [String: String?], links: [String: String], modes: [String: UInt32]) -> FakeWorld {
        let world = FakeWorld(files)
        world.state.withLock { ($0.links, $0.modes) = (links, modes) }
        return world
    }

    /// What is told without effects, and what is done then.
    private func both(
        _ text: String,
        _ files: [String: String?] = [:],
        links: [String: String] = [:],
        modes: [String: UInt32] = [:]
    ) async throws -> (told: [ResourceOutcome], done: [ResourceOutcome]) {
        let manifest = try readManifest(["site.yaml": text])
        var found: [[ResourceOutcome]] = []
        for isNoop in [true, false] {
            var mode = ApplyMode()
            mode.isNoop = isNoop
            let run = ApplyRun(world(files, links: links, modes: modes), mode, clock: { 0 })
            var outcomes: [ResourceOutcome] = []
            await run.apply(manifest) { outcomes.append($0) }
            found.append(outcomes)
        }
        return (found[0], found[1])
    }

    // MARK: Directories

    @Test(arguments: [0o755, 0o700] as [UInt32])
    func `A directory in which something is made before it is compared as it is`(_ mode: UInt32) async throws {
        let text = """
            - file:
                - /d/f: {content: x}
                - /d: {ensure: directory, mode: "0700"}
            - exec:
                - a: {command: do, refresh_only: true, subscribe: ['file#/d']}
            """
        let (told, done) = try await both(text, ["/d": nil], modes: ["/d": mode])
        #expect(told.map(\.state) == done.map(\.state))
        #expect(told.map(\.differences) == done.map(\.differences))
        #expect(told.map(\.state) == [.changed] + (mode == 0o700 ? [.stable, .stable] : [.changed, .refreshed]))
    }

    @Test(arguments: [("mode: '0750'", State.unknown), ("owner: root", .unknown), ("", .stable)])
    func `Nobody knows the mode and the owner of a directory that a command makes`(
        _ asked: String,
        _ state: State
    ) async throws {
        let text = """
            - exec:
                - make: {command: do +/app/bin, creates: /app/bin}
            - file:
                - /app: {ensure: directory\(asked.isEmpty ? "" : ", " + asked)}
            """
        #expect(try await both(text).told.map(\.state) == [.changed, state])
    }

    @Test func `What a command creates may be a directory that cannot be removed`() async throws {
        let text = """
            - exec:
                - make: {command: do +/d/f, effects: {creates: [/d]}}
            - file:
                - /d: {ensure: absent}
            """
        let (told, done) = try await both(text, ["/d": nil, "/d/f": "x"])
        #expect(told.map(\.state) == [.changed, .unknown] && done.map(\.state) == [.changed, .failed])
    }

    @Test(arguments: [
        ("/f: {content: x}", "created the file"), ("/there: {content: y}", "changed the file"),
        ("/there: {ensure: absent}", "removed the file"), ("/e: {ensure: absent}", "removed the directory"),
        ("/new: {ensure: directory}", "created directory"),
        ("/e: {ensure: directory, mode: '0700'}", "changed the directory"),
    ])
    func `What would be done is said in words that fit`(_ file: String, _ words: String) async throws {
        let told = try await both("- file: [{\(file)}]", ["/there": "x", "/e": nil]).told
        #expect(told.first?.message == "Would have \(words)")
    }

    // MARK: Resources that are noop themselves

    @Test func `What is noop itself changes nothing for others without effects, either`() async throws {
        let text = """
            - file:
                - /d: {ensure: directory, noop: true}
                - /d/f: {content: x, noop: true}
                - /g: {content: x, noop: true}
            - exec:
                - a: {command: do, refresh_only: true, subscribe: ['file#/g']}
                - b: {command: do, creates: /g}
                - c: {command: do, noop: true, creates: /d/f}
                - d: {command: do, noop: true, refresh_only: true, subscribe: ['file#/g']}
            """
        let (told, done) = try await both(text)
        #expect(told.map(\.state) == done.map(\.state))
        #expect(told.map(\.state) == [.changed, .changed, .changed, .stable, .changed, .stable, .refreshed])
        #expect(told.map(\.isWithheld) == [true, true, true, false, false, false, true])
    }

    // MARK: What is unknown

    @Test func `What is unknown is unknown where it changes something, and names who is at fault`() async throws {
        let text = """
            - exec:
                - build: {command: do +/n, effects: {creates: [/n]}}
            - file:
                - /n: {content: a}
                - /m: {content: a}
            - exec:
                - a: {command: do +/p, creates: /p, subscribe: ['file#/n'], refresh_only: true}
                - b: {command: do, creates: /p}
                - c: {command: do, creates: /m}
                - d: {command: do, creates: /q, require: ['file#/n']}
            """
        let told = try await both(text).told
        #expect(told.map(\.state) == [.changed, .unknown, .changed, .unknown, .unknown, .stable, .unknown])
        let reasons = told.map { $0.message?.split(separator: "; ").last.map(String.init) ?? "" }
        #expect(reasons[1] == "what would be at /n by then is not known")
        #expect(reasons[3] == "it is subscribed to file#/n, which is unknown itself")
        #expect(reasons[4] == "exec#a, which is unknown itself, may change /p before")
        #expect(reasons[6] == "it requires file#/n, which is unknown itself")
    }

    @Test func `Who may be left out is not said to fail`() async throws {
        let text = """
            - exec:
                - build: {command: do +/n/f, effects: {creates: [/n]}}
            - file:
                - /n: {content: a}
                - /none/f: {content: a, require: ['file#/n']}
            """
        let (told, done) = try await both(text)
        #expect(told.map(\.state) == [.changed, .unknown, .unknown])
        #expect(done.map(\.state) == [.changed, .failed, .unmet])
    }

    // MARK: Links

    /// `/link` leads to the directory `/real`, `/to` to `/t`, which is a file or is not there.
    @Test(arguments: [
        ("file: [{/link/x: {content: a}}]", "exec: [{e: {command: do, creates: /real/x}}]", State.stable),
        ("file: [{/real/x: {content: a}}]", "exec: [{e: {command: do, creates: /link/x}}]", .stable),
        ("file: [{/t: {ensure: absent}}]", "exec: [{e: {command: do, creates: /to}}]", .changed),
        ("file: [{/link/x: {content: a}}]", "file: [{/link: {ensure: absent}}]", .changed),
        ("file: [{/link: {ensure: absent}}]", "file: [{/link/x: {content: a}}]", .unknown),
        ("exec: [{a: {command: do -/t, effects: {removes: [/t]}}}]", "file: [{/to: {ensure: absent}}]", .changed),
        ("exec: [{a: {command: do +/to, effects: {creates: [/to]}}}]", "file: [{/t: {content: a}}]", .unknown),
        (
            "exec: [{a: {command: do -/link, effects: {removes: [/link]}}}]",
            "exec: [{e: {command: do, creates: /link/x}}]", .unknown
        ),
    ])
    func `Links are followed as they are, and what comes after one that changes is unknown`(
        _ first: String,
        _ second: String,
        _ state: State
    ) async throws {
        let files: [String: String?] = ["/real": nil, "/t": "x"]
        let (told, done) = try await both("- \(first)\n- \(second)", files, links: ["/link": "/real", "/to": "/t"])
        #expect(told.map(\.state) == [.changed, state])
        if state != .unknown { #expect(done.map(\.state) == told.map(\.state)) }
    }

    @Test func `Where a changed link leads to nobody knows, so nothing is certain any more`() async throws {
        let text = """
            - file:
                - /link: {ensure: absent}
                - /link/x: {content: a}
                - /other: {content: a}
            """
        let told = try await both(text, ["/real": nil], links: ["/link": "/real"]).told
        #expect(told.map(\.state) == [.changed, .unknown, .unknown])
        #expect(told[1].message?.hasSuffix("a link on the way to /link/x may change before") == true)
        #expect(told[2].message?.contains("file#/link/x, whose path leads through a link that may change") == true)
    }
}
