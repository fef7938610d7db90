import OstlerConfig
import OstlerResources
import OstlerTasks
import Testing

/// What manifests say of files and tasks.
@Suite struct FileReadingTests {
    private func file(_ properties: String, in path: String = "site.yaml") throws -> FileResource? {
        let manifest = try readManifest([path: "- file:\n    - /a/../b/: {\(properties)}"], [path])
        guard case .file(let file) = manifest.resources.first?.body else { return nil }
        return file
    }

    private func problem(_ text: String) -> String {
        do throws(ConfigFailure) {
            _ = try readManifest(["site.yaml": text])
            return ""
        } catch {
            return error.description
        }
    }

    @Test func `A file without a word is to be there, whatever is in it`() throws {
        #expect(try file("") == FileResource(path: "/b"))
    }

    @Test(arguments: [("0644", 0o644), ("\"0644\"", 0o644), ("644", 0o644), ("'4755'", 0o4755), ("0", 0), ("\"0\"", 0)])
    func `Modes are octal, with or without quotes`(_ text: String, _ mode: UInt32) throws {
        #expect(try file("mode: \(text)")?.mode == mode)
    }

    @Test func `Owners are names or numbers`() throws {
        let wanted = try file("owner: root, group: 12")
        #expect(wanted?.owner == "root")
        #expect(wanted?.group == "12")
    }

    @Test func `A source lies beside the manifest that names it`() throws {
        #expect(try file("source: f.conf")?.content == .source("./f.conf"))
        #expect(try file("source: f.conf", in: "d/e/site.yaml")?.content == .source("d/e/f.conf"))
        #expect(try file("source: /f.conf")?.content == .source("/f.conf"))
    }

    @Test func `An empty content is a content`() throws {
        #expect(try file("content: ''")?.content == .text(""))
        #expect(try file("content: null")?.content == nil)
    }

    @Test(arguments: [
        ("content: a, source: b", "both content and source are given"),
        ("ensure: absent, content: a", "what is to be absent has no content"),
        ("ensure: directory, source: a", "what is to be directory has no content"),
        ("ensure: presnt", "did you mean \"present\"?"), ("mode: rw", "must be octal digits"), ("mode: 0o99", "octal"),
        ("mode: +644", "octal"), ("mode: 644.0", "octal"), ("mode: 6.44e2", "octal"), ("mode: ''", "octal"),
        ("content: 5", #"0.file.0."/a".content must be text, not 5"#), ("owner: -1", "must be a name or a number"),
        ("subscribe: []", "unknown key \"subscribe\""),
        ("creates: /x", "unknown key \"creates\""),
    ])
    func `What a file cannot have is refused`(_ properties: String, _ part: String) {
        let found = problem("- file:\n    - /a: {\(properties)}")
        #expect(found.contains(part), "\(found)")
    }

    @Test(arguments: [
        ("- file:\n    /a: {}", "0.file must be a list"), ("- file:\n    - /a:\n      /b:", "must have one key"),
        ("file: []", "unknown key \"file\""), ("- {}", "must have one key"), ("- null", "must be a mapping of one key"),
        ("resources: []\nnop: true", "did you mean \"noop\"?"), ("defaults: {}", "\"resources\" is missing"),
        ("- file:\n    - \"\":", "must not be blank"), ("- file:\n    - /:", "must be its absolute path"),
    ])
    func `What is no manifest is refused with its place`(_ text: String, _ part: String) {
        let found = problem(text)
        #expect(found.hasPrefix("site.yaml:") && found.contains(part), "\(found)")
    }

    @Test func `A task is read as tasks are, and is the executor's`() throws {
        let text = """
            - task:
                - sum:
                    type: command
                    payload: {command: sha256sum, args: [/etc/hostname]}
                    env: {LC_ALL: C}
                    timeout: 5s
                    creates: /tmp/x
                    alias: checksum
            """
        let resource = try readManifest(["site.yaml": text]).resources.first
        #expect(resource?.task?.executor == "command")
        #expect(resource?.task?.id == "task#sum")
        #expect(resource?.task?.timeout == 5000)
        #expect(resource?.guards.creates == "/tmp/x")
        #expect(resource?.effects == DeclaredEffects(creates: ["/tmp/x"]))
        #expect(resource?.title == "task#sum (checksum)")
        let payload = resource.flatMap(\.task).map { String(decoding: $0.payload, as: UTF8.self) }
        #expect(payload == #"{"command":"sha256sum","args":["/etc/hostname"]}"#)
    }

    @Test(arguments: [
        ("payload: {}", "executor is missing"), ("executor: command", "payload is missing"),
        ("executor: command, payload: {}, env_mode: all", "env_mode must be minimal or clean or inherit"),
        ("executor: command, payload: {}, sandbox: {profil: x}", "did you mean \"profile\"?"),
        ("executor: command, payload: {}, command: x", "unknown key \"command\""),
    ])
    func `What is wrong with a task is told at its resource`(_ properties: String, _ part: String) {
        let found = problem("- task:\n    - t: {\(properties)}")
        #expect(found.hasPrefix("site.yaml:2:") && found.contains(part), "\(found)")
    }

    @Test func `A missing manifest is told by its name, and one that is included by who names it`() {
        var reader = ManifestReader(providers: .standard(shellExists: { true })) { path in
            path == "site.yaml"
                ? .success(Array("- apply:\n    - gone.yaml:".utf8)) : .failure(.init(.notFound, "does not exist"))
        }
        do throws(ConfigFailure) {
            _ = try reader.read(["site.yaml"])
            Issue.record("it was read")
        } catch {
            #expect(error.problems.map(\.description) == ["site.yaml:2:7: gone.yaml: the manifest does not exist"])
            #expect(error.problems.map(\.code) == [.notFound])
        }
    }
}
