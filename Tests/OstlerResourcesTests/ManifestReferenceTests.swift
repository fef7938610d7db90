import OstlerConfig
import OstlerResources
import Testing

/// What is wrong between resources: all of it, each at its place.
@Suite struct ManifestReferenceTests {
    private struct Told: Equatable {
        let code: ConfigError.Code
        let line: Int?
        let column: Int?
    }

    private func told(_ text: String) -> [Told] {
        manifestFaults(["site.yaml": text]).map { Told(code: $0.code, line: $0.line, column: $0.column) }
    }

    @Test func `A cycle hides nothing, and each fault stands at its reference`() {
        let text = """
            - exec:
                - a: {require: [exec#b]}
                - b: {require: [exec#a]}
                - c: {require: [exec#a, exec#gone]}
                - d: {subscribe: [exec#f]}
                - e: {require: [exec#e]}
                - f: {}
                - a: {}
            """
        #expect(
            told(text) == [
                .init(code: .referenceCycle, line: 2, column: 21), .init(code: .unknownReference, line: 4, column: 29),
                .init(code: .laterReference, line: 5, column: 23), .init(code: .referenceCycle, line: 6, column: 21),
                .init(code: .duplicateName, line: 8, column: 7),
            ]
        )
    }

    @Test func `A cycle is told by its members, each once`() {
        let text = "[{exec: [{a: {require: [exec#b]}}, {b: {subscribe: [exec#c]}}, {c: {require: [exec#a]}}]}]"
        #expect(manifestFaults(["site.yaml": text]).map(\.message) == ["a cycle: exec#a -> exec#b -> exec#c -> exec#a"])
    }

    @Test func `A resource in which something is wrong is still there to be named`() {
        let text = """
            - exec:
                - bad: {command: "'", alias: other}
                - a: {require: [exec#bad, exec#other, exec#gone, 'exec#']}
                - b: {require: [exec#bad, exec#other, exec#gone]}
            """
        #expect(told(text).map(\.code) == [.invalidValue, .invalidValue, .unknownReference])
    }

    @Test(arguments: [
        "- apply: [{gone.yaml: {}}]", "- exce: [{x: {}}]", "- exec: {x: {}}", "- exec: [{x: {}, y: {}}]", "- 5",
    ])
    func `What could not be read may have had the name`(_ entry: String) {
        let found = told(entry + "\n- exec: [{a: {require: [exec#x]}}, {b: {require: [exec#b]}}]").map(\.code)
        #expect(found.count == 2 && found.last == .referenceCycle)
    }

    @Test func `Of very many faults the first are told, and a name is suggested only among few`() throws {
        func names(_ count: Int) -> String {
            let lines = (0..<count).map { "    - name\($0): {command: a}" }
            return "- exec:\n" + (lines + ["    - z: {require: [exec#nmae7]}"]).joined(separator: "\n")
        }
        #expect(manifestFaults(["site.yaml": names(20)]).first?.hint == "did you mean \"exec#name7\"?")
        #expect(manifestFaults(["site.yaml": names(1000)]).first?.hint == nil)
        let lines = (0..<30).map { "    - e\($0): {require: [exec#e\($0), exec#gone]}" }
        let failure = #expect(throws: ConfigFailure.self) {
            try readManifest(["site.yaml": "- exec:\n" + lines.joined(separator: "\n")])
        }
        #expect(failure?.problems.count == 20)
        #expect(failure?.omitted == 40)
    }
}
