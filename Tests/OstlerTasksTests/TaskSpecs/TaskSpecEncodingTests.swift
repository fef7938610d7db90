import OstlerJSON
import OstlerProtocol
import OstlerTasks
import OstlerTestSupport
import Testing

/// Tasks of all kinds are read as they were written.
@Suite struct TaskSpecEncodingTests {
    private static let words = ["", "a", "ä=\"\\", "two words", "line\nend", "\u{0}x", "🙂", "k", "PATH"]

    private static func pairs(_ random: inout SeededGenerator) -> [(key: String, value: String)] {
        let keys = words.filter { _ in Int.random(in: 0...3, using: &random) == 0 }
        return keys.map { ($0, words.randomElement(using: &random) ?? "") }
    }

    /// Names and values that an environment may have.
    private static func environment(_ random: inout SeededGenerator) -> [(key: String, value: String)] {
        pairs(&random).filter { pair in
            !pair.key.isEmpty && !pair.key.contains("=") && !(pair.key + pair.value).utf8.contains(0)
        }
    }

    private static func guards(_ random: inout SeededGenerator) -> TaskGuards? {
        func coin() -> Bool { Bool.random(using: &random) }
        var guards = TaskGuards()
        if coin() { guards.creates = "/opt/ä b" }
        if coin() { guards.onlyif = coin() ? .line("test -f 'a b'") : .arguments(["test", "-f", "a b"]) }
        if coin() { guards.unless = coin() ? .line("false") : .arguments(["false", ""]) }
        guards.refreshOnly = coin()
        if coin() { guards.subscribe = [.init(type: "task", name: "a b"), .init(type: "file", name: "/x")] }
        if coin() { guards.require = [.init(type: "task", name: "ä")] }
        if coin() { guards.control = .init(if: coin() ? coin() : nil, unless: coin() ? coin() : nil) }
        if coin() { guards.returns = ReturnCodes([0, 3, 255]) }
        if coin() { guards.alias = "second" }
        return guards.isEmpty ? nil : guards
    }

    private static func spec(_ random: inout SeededGenerator) -> TaskSpec {
        let payloads = ["{}", "null", #"{"command": "true"}"#, "[1, 2]", #""text""#, "-5"]
        var spec = TaskSpec(
            id: ["t1", "a b", "ä"].randomElement(using: &random) ?? "",
            executor: ["command", "http"].randomElement(using: &random) ?? "",
            payload: Array((payloads.randomElement(using: &random) ?? "").utf8)
        )
        if Bool.random(using: &random) {
            spec.timeout = Int64.random(in: 1...DurationText.maximumMilliseconds, using: &random)
        }
        if Bool.random(using: &random) { spec.runTimeout = Int64.random(in: 1...100_000, using: &random) }
        if Int.random(in: 0..<4, using: &random) == 0 { spec.timeout = .some(nil) }
        if Int.random(in: 0..<4, using: &random) == 0 { spec.runTimeout = .some(nil) }
        spec.environment = environment(&random)
        spec.environmentMode = Bool.random(using: &random) ? .clean : .minimal
        spec.labels = pairs(&random)
        spec.metadata = pairs(&random)
        spec.priority = Int64.random(in: -3...3, using: &random)
        if Bool.random(using: &random) { spec.idempotencyKey = words.randomElement(using: &random) }
        if Bool.random(using: &random) { spec.traceparent = words.randomElement(using: &random) }
        if Bool.random(using: &random) { spec.secrets = [SecretGrant("db"), SecretGrant("api", variable: "API")] }
        if Bool.random(using: &random) { spec.sandbox.profile = "strict" }
        if Bool.random(using: &random) { spec.guards = guards(&random) }
        if Bool.random(using: &random) { spec.sandbox.network = "loopback" }
        for limit in SandboxLimit.allCases where Int.random(in: 0...2, using: &random) == 0 {
            let top = min(limit.range.upperBound, limit.range.lowerBound + 5_000_000)
            let isLifted = limit.isOptional && Bool.random(using: &random)
            spec.sandbox.limits[limit] =
                isLifted ? .some(nil) : Int64.random(in: limit.range.lowerBound...top, using: &random)
        }
        return spec
    }

    @Test func `random tasks come back as they were`() throws {
        var random = SeededGenerator(seed: 7)
        var parser = TaskSpecParser()
        for _ in 0..<2000 {
            let spec = Self.spec(&random)
            var writer = JSONWriter()
            spec.encode(into: &writer)
            let read = try writer.bytes.withUnsafeBufferPointer { try parser.parse($0, defaultID: "other") }
            let text = String(decoding: writer.bytes, as: UTF8.self)
            #expect(read.id == spec.id && read.executor == spec.executor && read.payload == spec.payload, "\(text)")
            #expect(read.timeout == spec.timeout && read.runTimeout == spec.runTimeout, "\(text)")
            #expect(
                read.environment.map { [$0.key, $0.value] } == spec.environment.map { [$0.key, $0.value] },
                "\(text)"
            )
            #expect(read.labels.map { [$0.key, $0.value] } == spec.labels.map { [$0.key, $0.value] }, "\(text)")
            #expect(read.metadata.map { [$0.key, $0.value] } == spec.metadata.map { [$0.key, $0.value] }, "\(text)")
            #expect(read.environmentMode == spec.environmentMode && read.priority == spec.priority, "\(text)")
            #expect(
                read.idempotencyKey == spec.idempotencyKey && read.traceparent == spec.traceparent
                    && read.secrets == spec.secrets,
                "\(text)"
            )
            #expect(read.sandbox == spec.sandbox && read.guards == spec.guards, "\(text)")
            var again = JSONWriter()
            read.encode(into: &again)
            #expect(again.bytes == writer.bytes)
        }
    }
}
