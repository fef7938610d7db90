import OstlerConfig
import OstlerResources
import OstlerTasks
import Testing

@Suite struct ManifestIncludeTests {
    /// Who may say noop: the outer manifest, the line that includes, the inner manifest, the resource.
    @Test(arguments: 0..<16)
    func `Noop is said by any of four, and taken back by none`(_ bits: Int) throws {
        let says = (0..<4).map { bits >> $0 & 1 == 1 }
        let files = [
            "site.yaml": "{noop: \(says[0]), resources: [{apply: [{sub.yaml: {noop: \(says[1])}}]}]}",
            "sub.yaml": "{noop: \(says[2]), resources: [{exec: [{a: {noop: \(says[3])}}]}]}",
        ]
        #expect(try readManifest(files).resources.map(\.isNoop) == [bits != 0])
    }

    @Test func `The noop of one manifest says nothing of those beside it`() throws {
        let files = ["a.yaml": "{noop: true, resources: [{exec: [{a: {}}]}]}", "b.yaml": "[{exec: [{b: {}}]}]"]
        let resources = try readManifest(files, ["a.yaml", "b.yaml"]).resources
        #expect(resources.map(\.isNoop) == [true, false])
    }

    @Test(arguments: [(false, false), (true, false), (false, true), (true, true)])
    func `The first failure ends all if any manifest says so`(_ outer: Bool, _ inner: Bool) throws {
        let files = [
            "site.yaml": "{fail_on_error: \(outer), resources: [{apply: [{sub.yaml: {}}]}]}",
            "sub.yaml": "{fail_on_error: \(inner), resources: []}",
        ]
        #expect(try readManifest(files).failsFast == (outer || inner))
    }

    @Test func `Defaults of a manifest do not reach what it includes`() throws {
        let files = [
            "site.yaml": "{defaults: {timeout: 5s}, resources: [{exec: [{a: {}}]}, {apply: [{sub.yaml: {}}]}]}",
            "sub.yaml": "[{exec: [{b: {}}]}]",
        ]
        #expect(try readManifest(files).resources.map { $0.task?.timeout } == [5000, nil])
    }

    @Test func `Several manifests are one for names and references`() throws {
        let files = ["a.yaml": "[{exec: [{a: {}}]}]", "b.yaml": "[{exec: [{b: {require: ['exec#a']}}]}]"]
        #expect(try readManifest(files, ["a.yaml", "b.yaml"]).resources.map(\.reference.name) == ["a", "b"])
        #expect(manifestFaults(files, ["b.yaml", "a.yaml"]).map(\.code) == [.laterReference])
        let twice = manifestFaults(files, ["a.yaml", "a.yaml"])
        #expect(twice.map(\.code) == [.duplicateName])
        #expect(twice.first?.message.hasSuffix("first at a.yaml:1:11") == true, "\(twice)")
    }

    /// The same manifest on two ways is no loop: only its names are there twice.
    @Test func `What is included twice is refused for its names alone`() {
        let files = [
            "site.yaml": "[{apply: [{sub.yaml: {}}]}, {apply: [{sub.yaml: {}}]}]", "sub.yaml": "[{exec: [{a: {}}]}]",
        ]
        #expect(manifestFaults(files).map(\.code) == [.duplicateName])
    }

    @Test func `A path from the root is taken as it is`() throws {
        let files = ["d/site.yaml": "[{apply: [{/etc/x.yaml: {}}]}]", "/etc/x.yaml": "[{exec: [{a: {}}]}]"]
        let resources = try readManifest(files, ["d/site.yaml"]).resources
        #expect(resources.map(\.place.description) == ["/etc/x.yaml:1:11"])
    }

    /// By whatever way it is written: the manifest is the same.
    @Test(arguments: ["site.yaml", "./site.yaml", "../d/site.yaml"])
    func `A manifest that includes itself is refused as a loop`(_ name: String) {
        var reader = ManifestReader(providers: .standard(shellExists: { true })) { _ in
            .success(Array("- apply:\n    - \(name):".utf8))
        }
        let failure = #expect(throws: ConfigFailure.self) { _ = try reader.read(["d/site.yaml"]) }
        #expect(failure?.problems.map(\.code) == [.includeLoop])
    }

    @Test func `What is wrong with an included manifest stands in the order of the text`() {
        let text = "- apply: [{no.yaml: {}}]\n- exec: [{a: {cread: x}}]\n- apply: [{site.yaml: {}}]\n"
        let found = manifestFaults(["site.yaml": text])
        #expect(found.map(\.position?.line) == [1, 2, 3], "\(found)")
        #expect(found.map(\.code) == [.notFound, .unknownKey, .includeLoop])
    }

    /// Each of them is small, and all of them together have no end that anybody would live to see.
    @Test func `Manifests that include each other again and again are refused before long`() {
        let text = (0..<9).map { "- apply: [{\($0).yaml: {}}]\n" }.joined()
        let files = Dictionary(uniqueKeysWithValues: (0..<9).map { ("\($0).yaml", text) })
        var read = 0
        var reader = ManifestReader(providers: .standard(shellExists: { true })) { path in
            read += 1
            return files[path].map { .success(Array($0.utf8)) } ?? .failure(.init(.notFound, "is not there"))
        }
        let failure = #expect(throws: ConfigFailure.self) { _ = try reader.read(["0.yaml"]) }
        #expect(read == ManifestReader.maximumManifests)
        #expect(failure?.problems.isEmpty == false && failure?.omitted ?? 0 > 1000)
    }

    @Test(arguments: [
        (SmallFile.Failure.Kind.notFound, ConfigError.Code.notFound), (.symbolicLink, .unreadable),
        (.notRegular, .unreadable), (.tooLarge, .unreadable), (.unsafe, .unreadable),
    ])
    func `A manifest that cannot be had is told as missing or as unreadable`(
        _ kind: SmallFile.Failure.Kind,
        _ code: ConfigError.Code
    ) {
        var reader = ManifestReader(providers: .standard(shellExists: { true })) { _ in
            .failure(.init(kind, "is no good"))
        }
        let failure = #expect(throws: ConfigFailure.self) { _ = try reader.read(["a.yaml", "b.yaml"]) }
        #expect(failure?.problems.map(\.code) == [code, code])
        #expect(failure?.problems.map(\.description) == ["a", "b"].map { "\($0).yaml: the manifest is no good" })
    }
}
