import OstlerConfig
import OstlerJSON
import Testing

@testable import OstlerCatalog

private func read(_ text: [UInt8]) throws(ConfigFailure) -> PluginManifest {
    try PluginManifest(parsing: text, file: "plugin.yaml") { (path) throws(SmallFile.Failure) in
        throw SmallFile.Failure(.notFound, "does not exist")
    }
}

private func read(_ text: String) throws(ConfigFailure) -> PluginManifest {
    try read(Array(text.utf8))
}

private func problems(_ text: String) -> [ConfigError] {
    do throws(ConfigFailure) {
        _ = try read(text)
        return []
    } catch {
        return error.problems
    }
}

@Suite struct PluginManifestTests {
    @Test func `what is not said has its default`() throws {
        let manifest = try read(ManifestFixture("good/minimal.yaml").text)
        #expect(manifest.name == "minimal")
        #expect(manifest.version == "1")
        #expect(manifest.description == "")
        #expect(manifest.protocolVersions == 0...0)
        #expect(manifest.kind == .process)
        #expect(manifest.entry == PluginManifest.Entry(program: .inPlugin("bin/minimal"), arguments: []))
        #expect(manifest.configSchema == nil)
        #expect(manifest.needs == PluginManifest.Needs())
        #expect(!manifest.needs.launch)
        #expect(manifest.limits == PluginManifest.Limits())
        let executor = try #require(manifest.executors.first)
        #expect(executor.idempotency == .unsafe)
        #expect(executor.concurrency == 1)
        #expect(executor.reuse == .warm)
        #expect(executor.features == ExecutorManifest.Features())
        #expect(executor.examples.isEmpty)
    }

    @Test func `everything that can be said is read`() throws {
        let manifest = try read(ManifestFixture("good/full.yaml").text)
        #expect(manifest.version == "1.2.0-rc.1+x~2")
        #expect(manifest.protocolVersions == 0...3)
        #expect(manifest.entry == .init(program: .onPath("python3"), arguments: ["-I", "", "bin/full.py"]))
        #expect(manifest.executors.map(\.name) == ["first", "second-one_2"])
        #expect(manifest.needs.launch && manifest.needs.network == .none)
        #expect(manifest.needs.programs == ["git", "/usr/bin/make"])
        #expect(
            manifest.needs.files == [
                .init(path: "/etc/ssl", access: .readOnly), .init(path: "/var/cache/full", access: .readWrite),
            ]
        )
        #expect(manifest.limits.memory == 256 << 20 && manifest.limits.processes == 16)
        #expect(manifest.limits.openFiles == 64 && manifest.limits.startTimeoutMilliseconds == 90_000)
        #expect(manifest.configSchema?.source["properties"]?["level"]?.text == #"{"type":"integer"}"#)
        let first = try #require(manifest.executors.first)
        #expect(first.idempotency == .keyed && first.concurrency == 16 && first.reuse == .never)
        let features = first.features
        #expect(features.cancel && features.health && features.validate && features.plan && features.status)
        #expect(
            first.examples == [
                .init(name: "one", payload: ["n": 1], outcome: .succeeded),
                .init(name: "two", payload: ["n": 2], outcome: nil),
            ]
        )
    }

    @Test(
        arguments: [
            ("bin/x", .inPlugin("bin/x")), ("bin/..x/y", .inPlugin("bin/..x/y")),
            ("/usr/bin/python3", .absolute("/usr/bin/python3")),
            ("python3", .onPath("python3")),
        ] as [(String, PluginManifest.Entry.Program)]
    )
    func `a program is in the plugin, absolute or on the PATH`(text: String, program: PluginManifest.Entry.Program)
        throws
    {
        let manifest = try read(
            """
            name: a
            version: "1"
            protocol: {min: 0, max: 0}
            kind: process
            entry: {command: [\(text)]}
            executors: [{name: a, payload: {}}]
            """
        )
        #expect(manifest.entry.program == program)
    }

    @Test(arguments: ManifestFixture.all(in: "bad"))
    func `what is wrong is named with its place`(fixture: ManifestFixture) {
        let found = problems(fixture.text).map(\.description)
        #expect(found == fixture.expected)
        #expect(!found.isEmpty)
    }

    @Test func `there are bad manifests`() {
        #expect(ManifestFixture.all(in: "bad").count >= 50)
    }

    @Test func `kinds of later versions have a code of their own`() throws {
        for kind in ["library", "foreign"] {
            let text = try ManifestFixture("bad/kind-\(kind).yaml").text
            #expect(problems(text).map(\.code.rawValue) == ["unsupported_kind"])
        }
    }

    @Test func `a problem has pointer and code`() throws {
        let problem = try #require(problems(ManifestFixture("bad/executor-feature-unknown.yaml").text).first)
        #expect(problem.pointer.description == "/executors/0/features/cancle")
        #expect(problem.code.rawValue == "unknown_key")
        #expect(problem.hint == "did you mean \"cancel\"?")
    }

    @Test(arguments: ["good/full.yaml", "good/minimal.yaml"])
    func `each deletion of a character loads or gives problems with places`(name: String) throws {
        let text = Array(try ManifestFixture(name).text.utf8)
        for index in text.indices {
            var shorter = text
            shorter.remove(at: index)
            do throws(ConfigFailure) {
                _ = try read(shorter)
            } catch {
                #expect(!error.problems.isEmpty)
                #expect(error.problems.allSatisfy { $0.position != nil && !$0.message.isEmpty })
            }
        }
    }

    @Test func `each cut loads or gives problems with places`() throws {
        let text = Array(try ManifestFixture("good/full.yaml").text.utf8)
        for end in text.indices {
            do throws(ConfigFailure) {
                _ = try read(Array(text[..<end]))
            } catch {
                #expect(error.problems.allSatisfy { $0.position != nil })
            }
        }
    }
}

@Suite struct BuiltInManifestTests {
    private let manifest: PluginManifest

    init() throws {
        let bytes = try SmallFile.read(repositoryDirectory + "/Plugins/command/plugin.yaml").bytes
        manifest = try read(bytes)
    }

    @Test func `the command executor is described as it is built`() throws {
        #expect(manifest.name == "command")
        #expect(manifest.entry == .init(program: .inPlugin("bin/ostler-plugin-command"), arguments: []))
        #expect(manifest.needs.launch)
        let executor = try #require(manifest.executors.first)
        #expect(manifest.executors.count == 1)
        #expect(executor.name == "command" && executor.concurrency == 1024)
        #expect(executor.idempotency == .unsafe && executor.reuse == .warm)
        #expect(executor.features.cancel && executor.features.health && !executor.features.plan)
        let schema = executor.payload.source
        #expect(schema["properties"]?.object?.keys == ["command", "args", "env", "working_dir", "stdin"])
        #expect(schema["properties"]?["command"]?["x-ostler-program"] == true)
        #expect(schema["additionalProperties"] == false)
        for property in schema["properties"]?.object?.members ?? [] {
            #expect(property.value["description"]?.string != nil, "\(property.key)")
        }
    }

    @Test func `its examples fit its schema`() throws {
        let executor = try #require(manifest.executors.first)
        let schema = try executor.payload.compiled()
        #expect(executor.examples.count >= 2)
        for example in executor.examples {
            #expect(schema.validate(Array(example.payload.text.utf8)).isEmpty, "\(example.name)")
        }
    }

    @Test(arguments: [
        "{}", #"{"command":""}"#, #"{"command":1}"#, #"{"command":"a","arg":[]}"#, #"{"command":"a","args":[1]}"#,
        #"{"command":"a","env":{"A":1}}"#, #"{"command":"a","stdin":null}"#, "[]",
    ])
    func `what does not fit is refused`(payload: String) throws {
        let schema = try #require(manifest.executors.first).payload.compiled()
        #expect(!schema.validate(Array(payload.utf8)).isEmpty)
    }
}
