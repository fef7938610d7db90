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
        Fault(.exec, "require: ['exec#']", .invalidValue, 20, "invalid require format"),
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
