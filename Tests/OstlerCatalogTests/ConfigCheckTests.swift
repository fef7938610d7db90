import OstlerConfig
import OstlerJSON
import OstlerSchema
import OstlerTestSupport
import Testing

@testable import OstlerCatalog

@Suite struct ConfigCheckTests {
    private let directory = SuiteDirectory()
    private let catalog: Catalog

    init() {
        let schema =
            "config_schema: {type: object, additionalProperties: false, "
            + "properties: {shell: {type: string}, level: {type: integer, maximum: 9}}}"
        directory.writePlugin("p/a", name: "a", executors: ["shaped"], extra: schema)
        directory.writePlugin("p/b", name: "b", executors: ["plain"])
        directory.writePlugin("p/c", name: "c", executors: ["broken"], extra: "config_schema: {type: objekt}")
        catalog = directory.load("p", disabled: ["off"])
    }

    private func check(_ text: String) throws -> Catalog.ConfigCheck {
        catalog.check(try HostConfig(parsing: text, file: "ostler.yaml"))
    }

    @Test(arguments: [
        "", "executors: {shaped: }", "executors: {shaped: {shell: sh, level: 3}}",
        "executors: {shaped: {enabled: true, allowed_commands: [ls], blocked_commands: []}, plain: {enabled: false}}",
    ])
    func `what fits has no problems`(text: String) throws {
        let check = try check(text)
        #expect(check.problems.isEmpty)
        #expect(check.unusedSections.isEmpty)
    }

    @Test func `a plugin without a schema takes no keys`() throws {
        let text = "executors:\n  plain:\n    enabld: true\n    shell: sh\n"
        #expect(
            try check(text).problems.map(\.description) == [
                "ostler.yaml:3:5: unknown key \"enabld\" in executors.plain; did you mean \"enabled\"?",
                "ostler.yaml:4:5: unknown key \"shell\" in executors.plain; the plugin takes no configuration",
            ]
        )
    }

    @Test func `what does not fit the schema has its place in the configuration`() throws {
        let text = "executors:\n  shaped:\n    level: 10\n    shell: [sh]\n"
        let problems = try check(text).problems
        #expect(problems.map(\.code.rawValue) == ["schema_violation", "schema_violation"])
        #expect(problems.map(\.line) == [3, 4])
        #expect(problems.map(\.column) == [12, 12])
        #expect(problems.map(\.pointer.description) == ["/executors/shaped/level", "/executors/shaped/shell"])
        #expect(problems.allSatisfy { $0.message.hasPrefix("executors.shaped: ") })
    }

    @Test func `an unknown key is told at the key`() throws {
        let problems = try check("executors:\n  shaped:\n    levle: 1\n").problems
        #expect(problems.count == 1)
        #expect(problems.first?.line == 3)
        #expect(problems.first?.pointer.description == "/executors/shaped/levle")
    }

    @Test func `a schema that is wrong is the plugin's fault, with its place in the manifest`() throws {
        let problems = try check("executors: {broken: {x: 1}}").problems
        #expect(problems.map(\.code.rawValue) == ["invalid_schema"])
        #expect(problems.first?.message.hasPrefix("the config_schema of plugin \"c\" is wrong: plugin.yaml:6:") == true)
    }

    @Test func `a section of an executor that is not installed is no fault`() throws {
        let check = try check("executors: {container: {enabled: false, x: 1}, http: {}}")
        #expect(check.problems.isEmpty)
        #expect(check.unusedSections == ["container", "http"])
    }

    @Test func `an executor that is switched off is still checked`() throws {
        let catalog = directory.load("p", disabled: ["plain"])
        let config = try HostConfig(parsing: "executors: {plain: {enabled: false, x: 1}}", file: "ostler.yaml")
        #expect(catalog.check(config).problems.count == 1)
    }
}

@Suite struct PluginSchemaTests {
    @Test func `a schema that is wrong says where, each time it is asked`() throws {
        let text = "payload:\n  type: object\n  properties:\n    x: {type: objekt}\n"
        let document = try YAMLDocument(parsing: text, file: "plugin.yaml")
        let source = try #require(document.root["payload"])
        let schema = PluginSchema(source, place: .manifest(document, JSONPointer("/payload")))
        for _ in 0..<2 {
            #expect {
                try schema.compiled()
            } throws: { error in
                let error = error as? ConfigError
                return error?.code == .invalidSchema && error?.line == 4
            }
        }
    }

    @Test func `many may ask at once`() async throws {
        let source = try JSONValue(parsing: #"{"type": "object", "required": ["a"]}"#)
        let schema = PluginSchema(source, place: .file("schema/a.json"))
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<64 {
                group.addTask { try schema.compiled().validate(Array(#"{"a":1}"#.utf8)).isEmpty }
            }
            for try await isValid in group { #expect(isValid) }
        }
    }
}
