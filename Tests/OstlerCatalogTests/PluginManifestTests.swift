import OstlerConfig
import OstlerJSON
import OstlerProtocol
import OstlerSchema
import OstlerTestSupport
import OstlerTrust
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
        #expect(manifest.needs.isEmpty)
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
        #expect(manifest.needs.launch && !manifest.needs.loopback)
        #expect(manifest.needs.programs == ["/usr/bin/make", "git"])
        #expect(
            manifest.needs.files.map { "\($0.path) \($0.isWritable)" } == ["/etc/ssl false", "/var/cache/full true"]
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
                .init(name: "one", payload: ["n": 1], outcome: .succeeded, workspace: [:], job: [:]),
                .init(name: "two", payload: ["n": 2], outcome: nil, workspace: [:], job: [:]),
            ]
        )
        let second = try #require(manifest.executors.last)
        #expect(second.features.workspace)
        #expect(second.examples.map(\.workspace) == [["image": "debian"], [:]])
        #expect(second.examples.map(\.job) == [[1], [:]])
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

    @Test func `no byte in any place makes it crash`() throws {
        let text = Array(try ManifestFixture("good/full.yaml").text.utf8)
        var generator = SystemRandomNumberGenerator()
        let alphabet = Array("{}[]:,-\"'\n #&*!|>%@`?~0a\t\u{e9}".utf8) + [0, 0xFF]
        for _ in 0..<2_000 {
            var mutated = text
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let index = Int.random(in: 0..<mutated.count, using: &generator)
                let byte = alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
                if Bool.random(using: &generator) { mutated[index] = byte } else { mutated.insert(byte, at: index) }
            }
            do throws(ConfigFailure) {
                _ = try read(mutated)
            } catch {
                let shown = String(decoding: mutated, as: UTF8.self)
                #expect(error.problems.allSatisfy { $0.position != nil }, "\(shown)")
            }
        }
    }

    @Test func `lines may be of any length and number`() throws {
        let long = String(repeating: "x", count: 500_000)
        var text = try ManifestFixture("good/minimal.yaml").text
        #expect(try read(text + "description: \(long)\n").description.utf8.count == 500_000)
        for index in 0..<2_000 { text += "  - {name: e\(index), payload: {}}\n" }
        #expect(try read(text).executors.count == 2_001)
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

    @Test func `each deletion of a character loads or gives problems with places`() throws {
        let text = try SmallFile.read(repositoryDirectory + "/Plugins/command/plugin.yaml").bytes
        for index in text.indices {
            var shorter = text
            shorter.remove(at: index)
            do throws(ConfigFailure) {
                _ = try read(shorter)
            } catch {
                #expect(error.problems.allSatisfy { $0.position != nil })
            }
        }
    }

    @Test func `its program is judged where it is installed`() throws {
        let directory = SuiteDirectory()
        let text = try SmallFile.read(repositoryDirectory + "/Plugins/command/plugin.yaml").bytes
        directory.write("lib/ostler/plugins/command/plugin.yaml", String(decoding: text, as: UTF8.self))
        let path = PluginSearchPath.standard(
            option: nil,
            environment: [:],
            workingDirectory: directory.path("work"),
            prefix: directory.root
        )
        #expect(
            Catalog.load(searchPath: path).rejections
                == ["command: invalid_entry: the program bin/ostler-plugin-command does not exist"]
        )
        directory.write("lib/ostler/plugins/command/bin/ostler-plugin-command", "", mode: 0o755)
        let catalog = Catalog.load(searchPath: path)
        #expect(catalog.executorNames == ["command"])
        #expect(catalog.rejected.isEmpty)
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
