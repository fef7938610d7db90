import OstlerConfig
import OstlerJSON
import OstlerSchema
import OstlerTestSupport
import Testing

@testable import OstlerCatalog

/// `sdk/schema/plugin-manifest.schema.json` says of manifests what the reader says, as far as a schema can.
@Suite struct ManifestSchemaTests {
    /// Manifests that only the reader refuses, for what a schema has no words for.
    private static let beyondSchemas: Set<String> = [
        "executor-twice.yaml", "executor-example-workspace.yaml", "protocol-order.yaml", "payload-file-missing.yaml",
        "foreign-circle.yaml",
        "foreign-constant.yaml", "foreign-from-nowhere.yaml", "foreign-handle-from-nowhere.yaml",
        "foreign-length-of-nothing.yaml", "foreign-member-twice.yaml", "foreign-unknown-function.yaml",
        "foreign-unknown-type.yaml", "foreign-variadic-float.yaml",
    ]

    private static func schema() throws -> CompiledSchema {
        let path = repositoryDirectory + "/sdk/schema/plugin-manifest.schema.json"
        return try CompiledSchema(compiling: JSONValue(parsing: contents(ofFile: path)))
    }

    /// What the schema says of a manifest; nil if it is no YAML that could be judged.
    private static func isValid(_ fixture: ManifestFixture) throws -> Bool? {
        guard let document = try? YAMLDocument(parsing: Array(fixture.text.utf8), file: "plugin.yaml") else {
            return nil
        }
        return try schema().validate(Array(document.root.text.utf8)).isEmpty
    }

    @Test(arguments: ManifestFixture.all(in: "good") + ManifestFixture.all(in: "good/with-schema-file"))
    func `what the reader takes the schema takes`(fixture: ManifestFixture) throws {
        #expect(try Self.isValid(fixture) == true)
    }

    @Test(arguments: ManifestFixture.all(in: "bad"))
    func `what the reader refuses the schema refuses`(fixture: ManifestFixture) throws {
        guard let isValid = try Self.isValid(fixture) else { return }
        #expect(isValid == Self.beyondSchemas.contains(fixture.testDescription))
    }

    @Test func `the manifests of this repository are right by the schema`() throws {
        for path in [
            "Plugins/command/plugin.yaml", "sdk/python/examples/hello/plugin.yaml", "sdk/sh/examples/hello/plugin.yaml",
            "sdk/foreign/examples/libm/plugin.yaml", "sdk/foreign/examples/sqlite/plugin.yaml",
        ] {
            let text = try contents(ofFile: repositoryDirectory + "/" + path)
            let document = try YAMLDocument(parsing: text, file: path)
            #expect(try Self.schema().validate(Array(document.root.text.utf8)).isEmpty, "\(path)")
        }
    }

    /// Each member that the reader knows, with a value that it takes, and one that it does not.
    @Test func `each member of needs is known to both, with what it may be`() throws {
        let rows: [(needs: String, isGood: Bool)] = [
            ("{launch: true}", true), ("{launch: yes please}", false), ("{network: loopback}", true),
            ("{network: host}", false), ("{programs: [git]}", true), ("{programs: ['']}", false),
            ("{files: [{path: /a, access: rw}]}", true), ("{files: [{path: /a/../b}]}", false),
            ("{files: [{path: /}]}", false), ("{secrets: [db]}", true), ("{secrets: [DB]}", false),
            ("{devices: [null]}", false),
        ]
        for row in rows {
            let text = try ManifestFixture("good/minimal.yaml").text + "\nneeds: \(row.needs)\n"
            let document = try YAMLDocument(parsing: Array(text.utf8), file: "plugin.yaml")
            let isRead =
                (try? PluginManifest(parsing: Array(text.utf8), file: "plugin.yaml") { _ throws(SmallFile.Failure) in []
                }) != nil
            #expect(isRead == row.isGood, "\(row.needs)")
            #expect(try Self.schema().validate(Array(document.root.text.utf8)).isEmpty == row.isGood, "\(row.needs)")
        }
    }
}
