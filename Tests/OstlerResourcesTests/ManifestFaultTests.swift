import OstlerConfig
import OstlerResources
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

    @Test(arguments: [
        ("cwd: ''", ConfigError.Code.invalidValue, 16, "must not be empty"),
        ("cwd: 7", .wrongType, 16, "write it in quotes"),
        ("command: [a]", .wrongType, 20, "must be text, not a list"),
        ("logoutput: 'yes'", .wrongType, 22, "write true"),
        ("noop: 1", .wrongType, 17, "must be true or false"),
        ("ensure: gone", .invalidValue, 19, "must be present or absent"),
        ("environment: {A: b}", .wrongType, 24, "must be a list"),
        ("environment: [1]", .wrongType, 25, "must be text"),
        ("effects: [/x]", .wrongType, 20, "must be a mapping"),
        ("effects: {create: [/x]}", .unknownKey, 21, "did you mean \"creates\"?"),
        ("effects: {creates: [x]}", .invalidValue, 31, "must be an absolute path, not \"x\""),
        ("effects: {removes: /x}", .wrongType, 30, "must be a list"),
        ("require: ['exec#']", .invalidValue, 20, "invalid require format"),
        ("alias: 'a#b'", .invalidValue, 18, "must not hold #"),
        ("creates: ''", .invalidValue, 20, "must be a path"),
        // What belongs to another kind is as unknown as what belongs to none.
        ("executor: command", .unknownKey, 11, "unknown key \"executor\""),
        ("content: x", .unknownKey, 11, "unknown key \"content\""),
    ])
    func `What an exec cannot have is told at its value`(
        _ properties: String,
        _ code: ConfigError.Code,
        _ column: Int,
        _ part: String
    ) {
        expect("- exec:\n    - a: {\(properties)}", code, line: 2, column: column, part)
    }

    @Test(arguments: [
        ("content: 5", ConfigError.Code.wrongType, 21, "write it in quotes"),
        ("source: ''", .invalidValue, 20, "must not be empty"),
        ("mode: 10000", .invalidValue, 18, "octal digits up to 7777"),
        ("mode: ''", .invalidValue, 18, "octal digits up to 7777"),
        ("mode: true", .invalidValue, 18, "not true"),
        // The largest number is the one that chown(2) reads as "leave it".
        ("owner: 4294967295", .invalidValue, 19, "must be a name or a number"),
        ("group: []", .wrongType, 19, "must be text"),
        ("sensitive: 'no'", .wrongType, 23, "write false"),
        ("ensure: 3", .wrongType, 20, "present, absent or directory"),
        ("timeout: 5s", .unknownKey, 12, "unknown key \"timeout\""),
        ("command: x", .unknownKey, 12, "unknown key \"command\""),
    ])
    func `What a file cannot have is told at its value`(
        _ properties: String,
        _ code: ConfigError.Code,
        _ column: Int,
        _ part: String
    ) {
        expect("- file:\n    - /a: {\(properties)}", code, line: 2, column: column, part)
    }

    @Test(arguments: [
        ("priority: 1", ConfigError.Code.unknownKey, 43, "unknown key \"priority\""),
        ("logoutput: true", .unknownKey, 43, "unknown key \"logoutput\""),
        ("cwd: /", .unknownKey, 43, "unknown key \"cwd\""),
        ("type: b", .invalidValue, 49, "both executor and type"),
        ("unless: \"a 'b\"", .invalidValue, 51, "invalid guard command"),
    ])
    func `What a task cannot have is told at its value`(
        _ properties: String,
        _ code: ConfigError.Code,
        _ column: Int,
        _ part: String
    ) {
        let text = "- task:\n    - t: {executor: command, payload: {}, \(properties)}"
        expect(text, code, line: 2, column: column, part)
    }

    @Test(arguments: [
        ("resources: {}", ConfigError.Code.wrongType, 12, "must be a list"),
        ("{noop: maybe, resources: []}", .wrongType, 8, "must be true or false"),
        ("{fail_on_error: 1, resources: []}", .wrongType, 17, "must be true or false"),
        ("{defaults: {retries: 3}, resources: []}", .unknownKey, 13, "unknown key \"retries\""),
        ("{defaults: [], resources: []}", .wrongType, 12, "must be a mapping"),
        ("5", .wrongType, 1, "the document must be a mapping"),
    ])
    func `What a manifest as a whole cannot say is told at its value`(
        _ text: String,
        _ code: ConfigError.Code,
        _ column: Int,
        _ part: String
    ) {
        expect(text, code, line: 1, column: column, part)
    }

    @Test(arguments: ["[]", "resources:", "resources: []", "- exec: []", "- file: []\n- task: []"])
    func `A manifest with nothing in it is one`(_ text: String) throws {
        #expect(try readManifest(["site.yaml": text]).resources.isEmpty)
    }

    @Test(arguments: ["1d1w", "1w1y", "1w1M", "1w5", "w", "-1w", "1w 1d"])
    func `Units of a duration go from large to small, with nothing between them`(_ text: String) {
        expect("- exec:\n    - a: {timeout: \(text)}", .invalidValue, line: 2, column: 20, "is not a duration")
    }

    @Test func `Faults of all manifests are told at once, and references only when there are no others`() {
        let found = manifestFaults([
            "site.yaml": "- exec:\n    - a: {cwd: x}\n    - b: {require: [exec#gone]}\n- apply:\n    - sub.yaml:",
            "sub.yaml": "- file:\n    - x:",
        ])
        #expect(Set(found.map(\.file)) == ["site.yaml", "sub.yaml"])
        #expect(Set(found.map(\.code)) == [.invalidValue, .invalidName])
        #expect(found.count == 2)
    }

    @Test func `Of very many faults the first are told and the others counted`() {
        let lines = (0..<25).map { "    - e\($0): {cwd: x}" }
        let text = "- exec:\n" + lines.joined(separator: "\n")
        let failure = #expect(throws: ConfigFailure.self) { try readManifest(["site.yaml": text]) }
        #expect(failure?.problems.compactMap(\.line) == Array(2..<22))
        #expect(failure?.omitted == 5)
    }
}
