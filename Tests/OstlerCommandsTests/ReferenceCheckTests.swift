import OstlerJSON
import OstlerProtocol
import OstlerTasks
import Testing

@testable import OstlerCommands

private func spec(_ id: String, alias: String? = nil, require: [String] = [], subscribe: [String] = []) -> TaskSpec {
    var spec = TaskSpec(id: id, executor: "command", payload: [])
    var guards = TaskGuards()
    guards.alias = alias
    guards.require = require.compactMap { GuardReference($0) }
    guards.subscribe = subscribe.compactMap { GuardReference($0) }
    spec.guards = guards.isEmpty ? nil : guards
    return spec
}

@Suite struct `References between tasks of a file` {
    /// What is told of a file that has these tasks, a line each.
    private func problems(_ specs: [TaskSpec]) -> [String] {
        var check = ReferenceCheck()
        for (index, spec) in specs.enumerated() { check.add(spec, line: index + 1) }
        for (index, spec) in specs.enumerated() { check.find(spec.id, line: index + 1) }
        return check.problems.map { "\($0.line) \($0.failure.code) \($0.failure.pointer?.description ?? "")" }
    }

    @Test func `those that lead to what stands before are right, by id and by alias`() {
        #expect(
            problems([
                spec("a"), spec("b", alias: "c", require: ["task#a"]), spec("d", subscribe: ["task#c", "task#b"]),
            ]) == []
        )
        #expect(problems([spec("a"), spec("b")]) == [])
    }

    @Test(
        arguments: [
            ([spec("a", require: ["task#b"]), spec("b")], ["1 later_reference /guards/require/0"]),
            ([spec("a", subscribe: ["task#a"])], ["1 later_reference /guards/subscribe/0"]),
            ([spec("a"), spec("b", require: ["task#a", "task#x"])], ["2 unknown_reference /guards/require/1"]),
            ([spec("a"), spec("b", subscribe: ["file#a"])], ["2 unknown_reference /guards/subscribe/0"]),
            ([spec("a", alias: "x"), spec("b", alias: "x")], ["2 duplicate_id /guards/alias"]),
            ([spec("a", alias: "b"), spec("b")], ["2 duplicate_id /guards/alias"]),
            (
                [spec("a", require: ["task#b"]), spec("b", require: ["task#a"])],
                ["1 later_reference /guards/require/0"]
            ),
        ] as [([TaskSpec], [String])]
    )
    func `all others are told with their line and place`(_ specs: [TaskSpec], _ told: [String]) {
        #expect(problems(specs) == told)
    }

    @Test func `names that look alike and are others lead elsewhere`() {
        #expect(
            problems([spec("\u{E9}"), spec("b", require: ["task#e\u{301}"])]) == [
                "2 unknown_reference /guards/require/0"
            ]
        )
    }

    @Test func `where there are no other tasks, the first reference is told`() {
        let lonely = spec("a", require: ["task#b"], subscribe: ["task#c"]).lonelyReferences("m", hint: "h")
        #expect(lonely.map(\.code) == ["unknown_reference"])
        #expect(lonely.first?.pointer?.description == "/guards/require/0")
        #expect(spec("a", alias: "x").lonelyReferences("m", hint: "h").isEmpty)
    }
}
