import OstlerConfig
import OstlerJSON
import OstlerProtocol
import OstlerResources
import OstlerTasks
import OstlerTestSupport
import Testing

/// Reads manifests out of memory.
func readManifest(
    _ files: [String: String],
    _ paths: [String] = ["site.yaml"],
    shell: Bool = true
) throws(ConfigFailure) -> Manifest {
    var reader = ManifestReader(providers: .standard(shellExists: { shell })) { path in
        guard let text = files[path] else { return .failure(.init(.notFound, "does not exist")) }
        return .success(Array(text.utf8))
    }
    return try reader.read(paths)
}

@Suite struct ManifestReaderTests {
    private func problems(_ files: [String: String], shell: Bool = true) -> [String] {
        do throws(ConfigFailure) {
            _ = try readManifest(files, shell: shell)
            return []
        } catch {
            return error.problems.map { "\($0.description) [\($0.code.rawValue)]" }
        }
    }

    private func argv(_ resource: Resource) -> [String] { resource.surroundings.argv }

    @Test func `A name alone is its command, and a command wins over the name`() throws {
        let text = try String(
            decoding: contents(ofFile: Surroundings.packageRoot() + "/Tests/Fixtures/apply/page/command-and-name.yaml"),
            as: UTF8.self
        )
        let resources = try readManifest(["site.yaml": text]).resources
        #expect(
            resources.map(\.reference.description) == [
                "exec#/usr/bin/myapp --config /etc/myapp.conf", "exec#run-myapp",
            ]
        )
        #expect(resources.map(argv) == Array(repeating: ["/usr/bin/myapp", "--config", "/etc/myapp.conf"], count: 2))
    }

    @Test(arguments: ["creates", "refresh-only", "subscribe", "returns", "command-and-name", "environment-and-path"])
    func `Each example of the page is read as it stands`(_ name: String) throws {
        let path = Surroundings.packageRoot() + "/Tests/Fixtures/apply/page/\(name).yaml"
        var text = String(decoding: try contents(ofFile: path), as: UTF8.self)
        // The page leaves out the file that is subscribed to.
        if name == "refresh-only" { text = "- file:\n    - /etc/nginx/nginx.conf:\n" + text }
        #expect(throws: Never.self) { _ = try readManifest(["site.yaml": text]) }
    }

    @Test func `Surroundings of a command are what the page says`() throws {
        let path = Surroundings.packageRoot() + "/Tests/Fixtures/apply/page/environment-and-path.yaml"
        let text = String(decoding: try contents(ofFile: path), as: UTF8.self)
        let command = try #require(readManifest(["site.yaml": text]).resources.first).surroundings
        #expect(command.argv == ["make", "build"])
        #expect(command.directory == "/opt/app")
        #expect(
            command.environment.map { "\($0.key)=\($0.value)" } == [
                "CC=gcc", "CFLAGS=-O2", "PATH=/usr/local/bin:/usr/bin:/bin",
            ]
        )
    }

    @Test func `JSON is as good as YAML`() throws {
        let text = #"[{"exec": [{"a": {"command": "true", "returns": [0, 2]}}, {"true": null}]}]"#
        let resources = try readManifest(["site.yaml": text]).resources
        #expect(resources.map(argv) == [["true"], ["true"]])
        #expect(resources.first?.guards.returns == ReturnCodes([0, 2]))
    }

    @Test(arguments: [
        (
            "- exec:\n    - a: {command: \"true 'x\"}",
            "2:20: command: Unterminated single-quoted string [invalid_value]"
        ),
        (
            "- exec:\n    - a 'b:",
            "2:12: the name, which is the command: Unterminated single-quoted string [invalid_value]"
        ),
        ("- exec:\n    - a: {command: ' '}", "2:20: command: no command specified [invalid_value]"),
        (
            "- exec:\n    - a: {comand: x}",
            "2:11: unknown key \"comand\" in 0.exec.0.a; did you mean \"command\"? [unknown_key]"
        ),
        ("- exe:\n    - a:", "1:3: unknown kind of resource \"exe\"; did you mean \"exec\"? [unknown_type]"),
        ("- exec:\n    - a: {path: '/bin:x'}", "2:17: not an absolute path: \"x\" in path [invalid_value]"),
        ("- exec:\n    - a: {path: '/bin::/x'}", "2:17: empty directory in path \"/bin::/x\" [invalid_value]"),
        ("- exec:\n    - a: {environment: [x]}", "2:25: missing '=' in \"x\"; write it as KEY=value [invalid_value]"),
        ("- exec:\n    - a: {environment: ['=x']}", "2:25: empty key in \"=x\"; write it as KEY=value [invalid_value]"),
        ("- exec:\n    - a: {cwd: x}", "2:16: 0.exec.0.a.cwd must be an absolute path, not \"x\" [invalid_value]"),
        (
            "- exec:\n    - a: {provider: bash}",
            "2:21: invalid resource: provider not found: bash; there are: posix, shell [unsupported]"
        ),
        ("- file:\n    - a:", "2:7: the name of a file must be its absolute path, not \"a\" [invalid_name]"),
        ("- file:\n    - /a: {mode: 888}", "2:18: mode must be octal digits up to 7777, not 888 [invalid_value]"),
    ])
    func `What is wrong is told with its place`(_ text: String, _ problem: String) {
        #expect(problems(["site.yaml": text]) == ["site.yaml:" + problem])
    }

    @Test(arguments: [
        ("subscribe: [x]", "invalid subscribe format"), ("subscribe: ['a#b#c']", "invalid subscribe format"),
        ("timeout: 5q", "is not a duration"), ("returns: [300]", "from 0 to 255"),
        ("control: {if: maybe}", "must be true or false"), ("onlyif: ''", "empty guard command"),
        ("unless: \"a 'b\"", "invalid guard command: Unterminated"),
        ("refresh_only: true, refreshonly: true", "both refresh_only and refreshonly"),
        ("health_checks: [{command: x, format: goss}]", "format"),
        ("health_checks: [{goss_rules: {}}]", "not supported"),
    ])
    func `Rules of properties are held`(_ properties: String, _ part: String) {
        let found = problems(["site.yaml": "- exec:\n    - a: {\(properties)}"])
        #expect(found.count == 1 && found.first?.contains(part) == true, "\(found)")
    }

    @Test func `An empty value of a variable is a value`() throws {
        let resource = try readManifest(["site.yaml": "- exec:\n    - a: {environment: [FOO=]}"]).resources.first
        #expect(resource?.surroundings.environment.map { "\($0.key)=\($0.value)" } == ["FOO="])
    }

    @Test func `The shell takes the line as it is, and only who names it gets it`() throws {
        let text = "- exec:\n    - it's one:\n        provider: shell\n    - b: {}"
        let resources = try readManifest(["site.yaml": text]).resources
        #expect(resources.map(argv) == [["/bin/sh", "-c", "it's one"], ["b"]])
        #expect(problems(["site.yaml": text], shell: false).first?.contains("not manageable") == true)
    }

    @Test(arguments: [("2w", 1_209_600_000), ("1M", 2_592_000_000), ("1y1d", 31_622_400_000), ("5m", 300_000)])
    func `Durations know weeks, months and years`(_ text: String, _ milliseconds: Int64) throws {
        let manifest = try readManifest(["site.yaml": "- exec:\n    - a: {timeout: \(text)}"])
        #expect(manifest.resources.first?.task?.timeout == milliseconds)
    }

    @Test func `Defaults hold until a resource switches them off`() throws {
        let text = """
            defaults: {timeout: 5s, retry: 3}
            resources:
              - exec:
                  - a:
                  - b: {timeout: null, retry: null}
                  - c: {timeout: 1s}
            """
        let resources = try readManifest(["site.yaml": text]).resources
        #expect(resources.map { $0.task?.timeout } == [5000, .some(.some(nil)), 1000])
        #expect(resources.map(\.retry.attempts) == [3, 1, 3])
    }

    // MARK: References

    @Test func `A later resource is refused before anything runs, and so is an unknown one`() {
        let found = problems([
            "site.yaml": "- exec:\n    - a: {require: [exec#b]}\n    - b:\n    - c: {subscribe: [exec#bb]}"
        ])
        #expect(
            found.first?.hasPrefix("site.yaml:2:21: require names exec#b, which comes later, at site.yaml:3:7") == true
        )
        #expect(found.last?.contains("\"exec#bb\", which is not in the manifest; did you mean \"exec#b\"?") == true)
        #expect(found.count == 2)
    }

    @Test func `A cycle is told with its members`() {
        let text = "- exec:\n    - a: {require: [exec#c]}\n    - b: {subscribe: [exec#a]}\n    - c: {require: [exec#b]}"
        #expect(
            problems(["site.yaml": text]) == [
                "site.yaml:2:21: a cycle: exec#a -> exec#c -> exec#b -> exec#a; let one of them not name the next "
                    + "[reference_cycle]"
            ]
        )
        #expect(
            problems(["site.yaml": "- exec:\n    - a: {require: [exec#a]}"]).first?.contains("exec#a -> exec#a") == true
        )
    }

    @Test func `An alias is a name like another, and no name is there twice`() throws {
        let text = "- exec:\n    - a: {alias: first}\n    - b: {require: [exec#first]}"
        #expect(try readManifest(["site.yaml": text]).resources.first?.title == "exec#a (first)")
        let twice = problems(["site.yaml": "- exec:\n    - a:\n    - b: {alias: a}"])
        #expect(twice.first?.contains("exec#a is there twice, first at site.yaml:2:7") == true)
    }

    // MARK: Included manifests

    @Test func `What is included stands in the place of its name, and noop only grows`() throws {
        let files = [
            "d/site.yaml": "- exec:\n    - a:\n- apply:\n    - sub/x.yaml: {noop: true}\n- exec:\n    - d:",
            "d/sub/x.yaml": "- exec:\n    - b: {noop: false}\n- apply:\n    - y.yaml: {noop: false}",
            "d/sub/y.yaml": "noop: false\nresources:\n  - exec:\n      - c: {require: [exec#a]}",
        ]
        let resources = try readManifest(files, ["d/site.yaml"]).resources
        #expect(resources.map(\.reference.name) == ["a", "b", "c", "d"])
        #expect(resources.map(\.isNoop) == [false, true, true, false])
    }

    @Test func `Manifests nest ten deep and no deeper, and a loop is named`() {
        var files: [String: String] = [:]
        for depth in 0..<10 { files["m\(depth)"] = "- apply:\n    - m\(depth + 1):" }
        files["m9"] = "[]"
        files["site.yaml"] = "- apply:\n    - m1:"
        #expect(problems(files) == [])
        files["m9"] = "- apply:\n    - m10:"
        files["m10"] = "[]"
        #expect(problems(files).first?.contains("manifests nest deeper than 10 [include_too_deep]") == true)
        let loop = problems(["site.yaml": "- apply:\n    - b:", "b": "- apply:\n    - site.yaml:"])
        #expect(loop == ["b:2:7: site.yaml: it includes itself: site.yaml -> b -> site.yaml [include_loop]"])
    }
}

@Suite struct ExecProviderTests {
    @Test func `A name is registered once, and the lowest priority wins`() throws {
        var registry = ExecProviderRegistry()
        func provider(_ name: String, _ priority: Int) -> ExecProvider {
            ExecProvider(name: name, priority: priority) { line throws(ExecProviderFault) in [line] }
        }
        #expect(throws: ExecProviderFault.noneSuitable) { try registry.provider(named: nil) }
        try registry.register(provider("slow", 50))
        try registry.register(provider("fast", 5))
        #expect(throws: ExecProviderFault.exists("fast")) { try registry.register(provider("fast", 1)) }
        #expect(try registry.provider(named: nil).name == "fast")
        #expect(try registry.provider(named: "slow").name == "slow")
        #expect(throws: ExecProviderFault.notFound("x")) { try registry.provider(named: "x") }
    }

    @Test func `Who cannot tell whether it can be used is passed over with a warning`() throws {
        var registry = ExecProviderRegistry()
        try registry.register(
            ExecProvider(
                name: "broken",
                priority: 0,
                isManageable: { () throws(ExecProviderFault) in throw .failed("no facts") }
            ) { line throws(ExecProviderFault) in [line] }
        )
        try registry.register(.posix)
        var warnings: [String] = []
        #expect(try registry.provider(named: nil, warn: { warnings.append($0) }).name == "posix")
        #expect(warnings == ["the provider broken is passed over: no facts"])
    }
}
