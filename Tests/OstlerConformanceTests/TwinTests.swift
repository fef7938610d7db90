import OstlerConformance
import OstlerTestSupport
import Testing

/// Each check can fail, and fails for its own reason: on the plugin that breaks its promise and no other.
@Suite(.serialized) struct `Broken twins` {
    @Test(.needsSandbox, arguments: ["twin", "launching-twin", "workspace-twin"])
    func `a plugin that keeps every promise passes`(plugin: String) async throws {
        let report = try await Kit.report(on: plugin)
        #expect(report.passes, "\(report.text)")
        #expect(report.rows.count == ConformanceCheck.all.count)
        #expect(report.failed.isEmpty)
        #expect(report.figures.startMicroseconds != nil && report.figures.tasks == 100)
    }

    @Test func `every check has a twin`() {
        #expect(Set(Twin.all.map(\.check)) == Set(ConformanceCheck.all.map(\.name)))
        #expect(Twin.all.count == ConformanceCheck.all.count)
    }

    /// Four at a time: most of it is waiting for interpreters.
    @Test(.needsSandbox) func `each check fails on its twin`() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, twin) in Twin.all.enumerated() {
                if index >= 4 { try await group.next() }
                group.addTask { try await Self.expectFailure(of: twin) }
            }
            try await group.waitForAll()
        }
    }

    private static func expectFailure(of twin: Twin) async throws {
        // So long only what never comes is waited for.
        let report = try await Kit.report(
            on: twin.plugin,
            argument: twin.check,
            filters: [twin.check] + provocations(of: twin.check),
            patience: 2000
        )
        #expect(report.failed[twin.check] != nil, "\(twin.check): \(report.text)")
        #expect(!report.passes, "\(twin.check)")
    }

    /// Trials in which what is watched comes to light.
    private static func provocations(of check: String) -> [String] {
        guard ConformanceCheck.all.contains(where: { $0.name == check && $0.isWatched }) else { return [] }
        return ["S4-examples", "M23-payloads", "M13-method"]
    }

    @Test(.needsSandbox, .enabled(if: Kit.isLong, "long: OSTLER_LONG=1"), arguments: Twin.all)
    func `long: no other check fails on a twin`(twin: Twin) async throws {
        let report = try await Kit.report(on: twin.plugin, argument: twin.check, patience: 4000)
        #expect(Set(report.failed.keys) == [twin.check], "\(report.text)")
    }

    @Test func `the page has each check with its twin`() throws {
        var text = "\n| check | level | the plugin … | the broken twin … |\n|---|---|---|---|\n"
        for check in ConformanceCheck.all {
            let twin = try #require(Twin.all.first { $0.check == check.name })
            text += "| `\(check.name)` | \(check.level.rawValue) | \(check.title) | \(twin.does) |\n"
        }
        try expectSection("checks", ofPage: "docs/reference/conformance.md", is: text + "\n")
    }
}
