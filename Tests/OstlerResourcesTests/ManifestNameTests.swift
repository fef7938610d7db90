import OstlerConfig
import OstlerJSON
import OstlerResources
import OstlerTasks
import OstlerTestSupport
import Testing

/// Names, aliases, and who may name whom.
@Suite struct ManifestNameTests {
    @Test(arguments: [
        // The same name of another kind is another name, and so is an alias.
        "[{exec: [{a: {}}]}, {task: [{a: {executor: x, payload: {}}}]}]",
        "[{exec: [{a: {alias: c}}]}, {task: [{b: {executor: x, payload: {}, alias: c}}]}]",
        "[{exec: [{a: {alias: a}}]}]",
        "[{exec: [{a: {alias: c}}, {b: {require: ['exec#a'], subscribe: ['exec#c']}}]}]",
        "[{exec: [{'echo #1': {alias: one}}, {b: {require: ['exec#one']}}]}]",
    ])
    func `Names that differ by kind or are one's own do not clash`(_ text: String) {
        #expect(manifestFaults(["site.yaml": text]).map(\.description) == [])
    }

    @Test(arguments: [
        ("[{exec: [{a: {}}, {a: {}}]}]", ConfigError.Code.duplicateName),
        ("[{exec: [{a: {alias: c}}, {b: {alias: c}}]}]", .duplicateName),
        ("[{exec: [{a: {alias: b}}, {b: {}}]}]", .duplicateName),
        ("[{exec: [{a: {}}, {b: {require: ['file#a']}}]}]", .unknownReference),
        ("[{exec: [{a: {}}, {b: {subscribe: ['nothing#a']}}]}]", .unknownReference),
        ("[{exec: [{a: {require: ['exec#c']}}, {b: {alias: c}}]}]", .laterReference),
        ("[{exec: [{a: {alias: c, require: ['exec#c']}}]}]", .referenceCycle),
        // A name with # in it cannot be told from two.
        ("[{exec: [{'echo #1': {}}, {b: {require: ['exec#echo #1']}}]}]", .invalidValue),
    ])
    func `Names that clash or lead nowhere have a code each`(_ text: String, _ code: ConfigError.Code) {
        #expect(manifestFaults(["site.yaml": text]).map(\.code) == [code])
    }

    @Test(arguments: ["/a", "/a/", "//a", "/x/../a", "/./a"])
    func `A file has one name, however its path is spelled`(_ path: String) throws {
        let text = "[{file: [{'\(path)': {}}]}, {exec: [{b: {require: ['file#/a/'], subscribe: ['file#\(path)']}}]}]"
        let resources = try readManifest(["site.yaml": text]).resources
        #expect(resources.map(\.reference.description) == ["file#/a", "exec#b"])
        #expect(resources[1].guards.require == [resources[0].reference])
        let twice = "[{file: [{/a: {content: x}}, {'\(path)': {content: y}}]}]"
        #expect(manifestFaults(["site.yaml": twice]).map(\.code) == [.duplicateName])
        let alias = "[{file: [{/a: {}}, {/b: {alias: '\(path)'}}]}]"
        #expect(manifestFaults(["site.yaml": alias]).map(\.code) == [.duplicateName])
    }

    @Test func `Names that differ only in their bytes are two`() throws {
        let (composed, decomposed) = ("/\u{e4}", "/a\u{308}")
        let files = "{file: [{\(composed): {}}, {\(decomposed): {}}]}"
        let text = "[\(files), {exec: [{b: {require: ['file#\(decomposed)']}}]}]"
        let resources = try readManifest(["site.yaml": text]).resources
        #expect(resources.count == 3)
        #expect(resources[2].guards.require == [resources[1].reference])
        #expect(resources[2].guards.require != [resources[0].reference])
    }

    /// The order of a set is another one in each process.
    @Test func `Names that are taken are told in the manifest's order, the name before the alias`() {
        let names = (0..<9).map { "n\($0)" }
        let first = names.map { "{\($0): {}}, {x\($0): {alias: a\($0)}}" }
        let again = names.map { "{\($0): {alias: a\($0)}}" }
        let text = "[{exec: [" + (first + again).joined(separator: ", ") + "]}]"
        let found = manifestFaults(["site.yaml": text])
        let taken = names.flatMap { ["exec#\($0)", "exec#a" + $0] }
        #expect(found.map { String($0.message.prefix { $0 != " " }) } == taken)
    }

    /// A name may be a command of any length; an id has a bound, and no controls.
    @Test(arguments: ["a", String(repeating: "é\u{1F600}", count: 90), String(repeating: "x", count: 201), "a\tb"])
    func `Whatever the name, tasks have an id that tells what they are for`(_ name: String) throws {
        let command: JSONValue = ["command": "true"]
        let text = "[{exec: [\(JSONValue.object(JSONObject([(name, command)])).text)]}]"
        let resource = try #require(try readManifest(["site.yaml": text]).resources.first)
        let ids = [resource.task?.id, resource.taskID("check 2147483647")].compactMap(\.self)
        #expect(ids.count == 2 && ids.allSatisfy { TaskSpec.isID($0) && $0.hasPrefix("exec#" + name.prefix(1)) })
        #expect(ids.last?.hasSuffix(" check 2147483647") == true)
    }

    @Test func `Resources that name each other at random are read if all of it leads back`() {
        var random = SeededGenerator(seed: 11)
        var seen: Set<String> = []
        for round in 0..<400 {
            let count = Int.random(in: 1...6, using: &random)
            // Few edges, so that none, forward ones and cycles are all frequent.
            let edges = (0..<count).map { _ in
                (0..<count).filter { _ in Int.random(in: 0..<count * 2, using: &random) == 0 }
            }
            let entries = edges.enumerated().map { index, targets in
                let names = targets.map { "'exec#r\($0)'" }.joined(separator: ", ")
                return "{r\(index): {\(index % 2 == 0 ? "require" : "subscribe"): [\(names)]}}"
            }
            let text = "[{exec: [\(entries.joined(separator: ", "))]}]"
            let forward = edges.enumerated().map { index, targets in targets.count { $0 >= index } }.reduce(0, +)
            let found = manifestFaults(["site.yaml": text])
            let later = found.count { $0.code == .laterReference }
            let cycles = found.count - later
            #expect((cycles > 0) == Self.hasCycle(edges), "round \(round): \(text)")
            #expect(found.allSatisfy { [.laterReference, .referenceCycle].contains($0.code) })
            // Each reference that leads down is told by itself, or as a part of a cycle.
            #expect(later <= forward && (cycles > 0 || later == forward), "round \(round): \(text)")
            #expect((found.isEmpty) == (forward == 0), "round \(round): \(text)")
            seen.formUnion(found.isEmpty ? ["none"] : found.map(\.code.rawValue))
        }
        #expect(seen == ["none", "later_reference", "reference_cycle"])
    }

    /// Takes away what names nothing that is left until no more can be taken.
    private static func hasCycle(_ edges: [[Int]]) -> Bool {
        var left = Set(edges.indices)
        while let free = left.first(where: { left.isDisjoint(with: edges[$0]) }) { left.remove(free) }
        return !left.isEmpty
    }
}

@Suite struct ProviderChoiceTests {
    private typealias Fault = ExecProviderFault

    private func provider(
        _ name: String,
        _ priority: Int,
        automatic: Bool = true,
        usable: Bool = true
    ) -> ExecProvider {
        ExecProvider(
            name: name,
            priority: priority,
            isAutomatic: automatic,
            isManageable: { () throws(ExecProviderFault) in usable }
        ) { line throws(ExecProviderFault) in [name, line] }
    }

    @Test func `Who is only there for whoever asks is never chosen`() throws {
        var registry = ExecProviderRegistry()
        try registry.register(.shell(exists: { true }))
        #expect(throws: Fault.noneSuitable) { try registry.provider(named: nil) }
        #expect(try registry.provider(named: "shell").name == "shell")
    }

    @Test func `Who cannot be used is passed over without a word, and refused when it is named`() throws {
        var registry = ExecProviderRegistry()
        try registry.register(provider("first", 0, usable: false))
        try registry.register(provider("second", 1))
        var warnings: [String] = []
        #expect(try registry.provider(named: nil, warn: { warnings.append($0) }).name == "second")
        #expect(warnings == [])
        #expect(throws: Fault.notManageable("first")) { try registry.provider(named: "first") }
    }

    @Test func `Of providers at random the lowest priority that can be used wins`() throws {
        var random = SeededGenerator(seed: 5)
        for round in 0..<200 {
            var registry = ExecProviderRegistry()
            var best: Int?
            for priority in (0..<5).shuffled(using: &random) {
                let automatic = Bool.random(using: &random)
                let usable = Bool.random(using: &random)
                try registry.register(provider("p\(priority)", priority, automatic: automatic, usable: usable))
                if automatic, usable { best = min(best ?? priority, priority) }
            }
            let chosen = try? registry.provider(named: nil)
            #expect(chosen?.name == best.map { "p\($0)" }, "round \(round)")
        }
    }

    @Test(arguments: ["", " ", "\t\n"])
    func `No provider makes a command of nothing`(_ line: String) {
        #expect(throws: Fault.invalidCommand("no command specified")) { try ExecProvider.posix.argv(line) }
        let shell = ExecProvider.shell(exists: { true })
        #expect(throws: Fault.invalidCommand("no command to execute")) { try shell.argv(line) }
    }
}
