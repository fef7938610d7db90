import OstlerConfig
import OstlerResources
import OstlerTasks
import Testing

/// What is wrong in a manifest, as its reader tells it.
func manifestFaults(_ files: [String: String], _ paths: [String] = ["site.yaml"]) -> [ConfigError] {
    do throws(ConfigFailure) {
        _ = try readManifest(files, paths)
        return []
    } catch {
        return error.problems
    }
}

/// Each kind has members of its own: what one of them cannot be has a code and a place.
@Suite struct ManifestFaultTests {
    private func expect(_ text: String, _ code: ConfigError.Code, line: Int, column: Int, _ part: String) {
        let found = manifestFaults(["site.yaml": text])
        #expect(found.map(\.code) == [code], "\(found)")
        #expect(found.first?.position == YAMLPosition(line: line, column: column), "\(found)")
        #expect(found.first?.description.contains(part) == true, "\(found)")
    }

    /// Where in a manifest a fault stands.
    enum Place: String, Sendable {
        case exec = "- exec:\n    - a: {FAULT}"
        case file = "- file:\n    - /a: {FAULT}"
        case task = "- task:\n    - t: {executor: command, payload: {}, FAULT}"
        case whole = "FAULT"
    }

    struct Fault: Sendable {
        let place: Place
        let text: String
        let code: ConfigError.Code
        let column: Int
        /// Of the message.
        let part: String

        init(_ place: Place, _ text: String, _ code: ConfigError.Code, _ column: Int, _ part: String) {
            (self.place, self.text, self.code, self.column, self.part) = (place, text, code, column, part)
        }
    }

    @Test(arguments: [
        Fault(.exec, "cwd: ''", .invalidValue, 16, "must not be empty"),
        Fault(.exec, "cwd: 7", .wrongType, 16, "write it in quotes"),
        Fault(.exec, "command: [a]", .wrongType, 20, "must be text, not a list"),
        Fault(.exec, "logoutput: 'yes'", .wrongType, 22, "write true"),
        Fault(.exec, "noop: 1", .wrongType, 17, "must be true or false"),
        Fault(.exec, "ensure: gone", .invalidValue, 19, "must be present or absent"),
        Fault(.exec, "environment: {A: b}", .wrongType, 24, "must be a list"),
        Fault(.exec, "environment: [1]", .wrongType, 25, "must be text"),
        Fault(.exec, "effects: [/x]", .wrongType, 20, "must be a mapping"),
        Fault(.exec, "effects: {create: [/x]}", .unknownKey, 21, "did you mean \"creates\"?"),
        Fault(.exec, "effects: {creates: [x]}", .invalidValue, 31, "must be an absolute path, not \"x\""),
        Fault(.exec, "effects: {removes: /x}", .wrongType, 30, "must be a list"),
        Fault(.exec, "logoutput: yes", .wrongType, 22, "write true"),
        Fault(.exec, "refresh_only: yes", .invalidValue, 25, "write true"),
        Fault(.exec, "refresh_only: maybe", .invalidValue, 25, "not the string \"maybe\""),
        Fault(.exec, "require: ['exec#']", .invalidValue, 21, "invalid require format"),
        Fault(.exec, "subscribe: ['exec#a', b]", .invalidValue, 33, "such as file#/etc/app.conf"),
        Fault(.exec, "alias: ''", .invalidValue, 18, "an alias has 1 to 200 bytes"),
        Fault(.exec, "timeout: 30", .wrongType, 20, "1d, 2w, 6M or 1y, not 30; write 30s or 30ms"),
        Fault(.exec, "run_timeout: x", .invalidValue, 24, "\"x\" is not a duration; write it as 250ms"),
        Fault(.exec, "timeout: 0s", .invalidValue, 20, "must be longer than 0"),
        Fault(.exec, "health_checks: ['true']", .wrongType, 27, "must be a mapping"),
        Fault(.exec, "health_checks: [{command: \"a 'b\"}]", .invalidValue, 37, "invalid health check command"),
        Fault(
            .exec,
            "health_checks: [{command: a, timeout: x}]",
            .invalidValue,
            49,
            "250ms, 30s, 5m, 1h30m, 1d, 2w, 6M or 1y"
        ),
        Fault(.exec, "unless: \"''\"", .invalidValue, 19, "empty guard command"),
        Fault(.exec, "command: \"''\"", .invalidValue, 20, "no command specified"),
        Fault(.exec, "alias: 'a#b'", .invalidValue, 18, "must not hold #"),
        Fault(.exec, "creates: ''", .invalidValue, 20, "must be a path"),
        // What belongs to another kind is as unknown as what belongs to none.
        Fault(.exec, "executor: command", .unknownKey, 11, "unknown key \"executor\""),
        Fault(.exec, "content: x", .unknownKey, 11, "unknown key \"content\""),
        Fault(.file, "content: 5", .wrongType, 21, "write it in quotes"),
        Fault(.file, "source: ''", .invalidValue, 20, "must not be empty"),
        Fault(.file, "mode: 10000", .invalidValue, 18, "octal digits up to 7777"),
        Fault(.file, "mode: ''", .invalidValue, 18, "octal digits up to 7777"),
        Fault(.file, "mode: true", .invalidValue, 18, "not true"),
        // The largest number is the one that chown(2) reads as "leave it".
        Fault(.file, "owner: 4294967295", .invalidValue, 19, "must be a name or a number"),
        Fault(.file, "owner: '4294967295'", .invalidValue, 19, "must be a name or a number"),
        Fault(.file, "group: '-1'", .invalidValue, 19, "must be a name or a number"),
        Fault(.file, "group: []", .wrongType, 19, "must be text"),
        Fault(.file, "sensitive: 'no'", .wrongType, 23, "write false"),
        Fault(.file, "ensure: 3", .wrongType, 20, "present, absent or directory"),
        Fault(.file, "timeout: 5s", .unknownKey, 12, "unknown key \"timeout\""),
        Fault(.file, "command: x", .unknownKey, 12, "unknown key \"command\""),
        // A secret is not told, not even as what is wrong.
        Fault(.file, "content: 4711, sensitive: true", .wrongType, 21, "content must be text; write it in quotes"),
        Fault(.task, "priority: 1", .unknownKey, 43, "unknown key \"priority\""),
        Fault(.task, "logoutput: true", .unknownKey, 43, "unknown key \"logoutput\""),
        Fault(.task, "cwd: /", .unknownKey, 43, "unknown key \"cwd\""),
        Fault(.task, "type: b", .invalidValue, 49, "both executor and type"),
        Fault(.task, "unless: \"a 'b\"", .invalidValue, 51, "invalid guard command"),
        Fault(.whole, "resources: {}", .wrongType, 12, "must be a list"),
        Fault(.whole, "{noop: maybe, resources: []}", .wrongType, 8, "must be true or false"),
        Fault(.whole, "{fail_on_error: 1, resources: []}", .wrongType, 17, "must be true or false"),
        Fault(.whole, "{defaults: {retries: 3}, resources: []}", .unknownKey, 13, "unknown key \"retries\""),
        Fault(.whole, "{defaults: [], resources: []}", .wrongType, 12, "must be a mapping"),
        Fault(.whole, "{defaults: {timeout: 1x}, resources: []}", .invalidValue, 22, "is not a duration"),
        Fault(.whole, "5", .wrongType, 1, "the document must be a mapping"),
    ])
    func `What cannot be said is told at its value`(_ fault: Fault) {
        let text = fault.place.rawValue.replacing("FAULT", with: fault.text)
        expect(text, fault.code, line: fault.place == .whole ? 1 : 2, column: fault.column, fault.part)
    }

    @Test(arguments: ["[]", "resources:", "resources: []", "- exec: []", "- file: []\n- task: []"])
    func `A manifest with nothing in it is one`(_ text: String) throws {
        #expect(try readManifest(["site.yaml": text]).resources.isEmpty)
    }

    @Test(arguments: ["1d1w", "1w1y", "1w1M", "1w5", "w", "-1w", "1w 1d"])
    func `Units of a duration go from large to small, with nothing between them`(_ text: String) {
        expect("- exec:\n    - a: {timeout: \(text)}", .invalidValue, line: 2, column: 20, "is not a duration")
    }

    @Test(arguments: [
        (Place.exec, "logoutput: null, noop: null, ensure: null, effects: null, provider: null, environment: null"),
        (.file, "ensure: null, sensitive: null, owner: null, group: null, mode: null, content: null, source: null"),
        (.exec, "health_checks: [{command: a, format: null, warning: null, tries: null, timeout: null, name: null}]"),
        (.task, "noop: null, timeout: null, effects: null"),
        (.whole, "{noop: null, fail_on_error: null, resources: []}"),
    ])
    func `What is null is as if it were not there`(_ place: Place, _ text: String) {
        #expect(manifestFaults(["site.yaml": place.rawValue.replacing("FAULT", with: text)]).map(\.description) == [])
    }

    @Test func `Nothing said of effects leaves it open what is changed`() throws {
        let text = "- exec:\n    - a: {effects: null}\n    - b: {effects: {}}"
        let resources = try readManifest(["site.yaml": text]).resources
        #expect(resources.map { $0.effects == nil } == [true, false])
    }

    @Test(arguments: ["''", "'  '", "\"\\t\""])
    func `A blank name is none, whatever command goes with it`(_ name: String) {
        expect("- exec:\n    - \(name): {command: a}", .invalidName, line: 2, column: 7, "must not be blank")
    }

    @Test func `A name that is no command says so`() {
        expect("- exec:\n    - \"''\": {}", .invalidValue, line: 2, column: 13, "no command specified")
    }

    @Test func `Durations of the defaults have all units`() throws {
        let text = "{defaults: {timeout: 1w}, resources: [{exec: [{a: {}}, {b: {timeout: null}}]}]}"
        let resources = try readManifest(["site.yaml": text]).resources
        #expect(resources.map(\.task?.timeout) == [7 * 86_400_000, .some(.some(nil))])
    }

    @Test(
        arguments: [
            ("0", "retry.attempts must be from 1 to"), ("bogus", "retry must be a number or an object"),
            ("{min: 2m, max: 1m}", "retry.min must not be longer"), ("{attempt: 3}", "unknown member \"attempt\""),
        ]
    )
    func `A wrong retry of the defaults is told once and where it stands`(_ retry: String, _ part: String) {
        for resources in ["[{exec: [{a: {}}, {b: {}}]}]", "[{file: [{/a: {}}]}]"] {
            let found = manifestFaults(["site.yaml": "defaults: {retry: \(retry)}\nresources: \(resources)"])
            #expect(found.map(\.position?.line) == [1], "\(found)")
            #expect(found.first?.message.contains(part) == true, "\(found)")
        }
    }

    @Test(arguments: ["99999y", "99999999999999999999y", "1y106751d", "300y"])
    func `A duration that is too long is told to be that`(_ text: String) {
        expect(
            "- exec:\n    - a: {timeout: \(text)}",
            .invalidValue,
            line: 2,
            column: 20,
            "the duration \"\(text)\" is too long; the longest is 106751d"
        )
    }

    @Test func `A guard that is null is not given, however it is spelled`() throws {
        for pair in ["refresh_only: null, refreshonly: true", "refreshonly: true, refresh_only: null"] {
            let text = "- exec:\n    - a: {\(pair)}"
            #expect(try readManifest(["site.yaml": text]).resources.first?.guards.refreshOnly == true)
        }
    }

    @Test func `A manifest takes in no stdin`() {
        let found = manifestFaults(["site.yaml": "- apply:\n    - '-': {}", "-": "[]"])
        #expect(found.map(\.message) == ["a manifest cannot take in stdin"])
        #expect(found.first?.position == YAMLPosition(line: 2, column: 7))
    }

    @Test func `Known keys are named once`() throws {
        let text = "- task:\n    - t: {executor: command, payload: {}, zzzzzzzz: 1}"
        let hint = try #require(manifestFaults(["site.yaml": text]).first?.hint)
        let keys = try #require(hint.split(separator: ": ").last).split(separator: ", ")
        #expect(keys.count > 20 && Set(keys).count == keys.count, "\(hint)")
    }

    @Test func `Whoever uses a name twice is told what helps`() {
        let hints = ["exec: [{a: }, {a: }]", "file: [{/a: }, {/a: }]", "exec: [{a: {alias: x}}, {b: {alias: x}}]"].map {
            manifestFaults(["site.yaml": "[{\($0)}]"]).first?.hint
        }
        #expect(
            hints == [
                "give one of them another name, and write what it runs as its command",
                "say all that is to be said of a file in one resource", "give one of them another alias",
            ]
        )
    }

    @Test func `Faults of all manifests are told at once, those of references with them`() {
        let found = manifestFaults([
            "site.yaml": "- exec:\n    - a: {cwd: x}\n    - b: {require: [exec#gone]}\n- apply:\n    - sub.yaml:",
            "sub.yaml": "- file:\n    - x:",
        ])
        #expect(Set(found.map(\.file)) == ["site.yaml", "sub.yaml"])
        #expect(found.map(\.code) == [.invalidName, .invalidValue, .unknownReference])
    }

    @Test func `Of very many faults the first are told and the others counted`() {
        let lines = (0..<25).map { "    - e\($0): {cwd: x}" }
        let text = "- exec:\n" + lines.joined(separator: "\n")
        let failure = #expect(throws: ConfigFailure.self) { try readManifest(["site.yaml": text]) }
        #expect(failure?.problems.compactMap(\.line) == Array(2..<22))
        #expect(failure?.omitted == 5)
    }
}
