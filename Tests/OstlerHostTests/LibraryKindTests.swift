internal import OstlerConfig
import OstlerHost
import OstlerJSON
import OstlerProtocol
import OstlerSystem
import OstlerTasks
import OstlerTestSupport
import Testing

/// Plugins of kind `library`: the examples of `sdk/library`, and libraries that keep to the interface only in part.
@Suite(.serialized, .needsSandbox, .timeLimit(.minutes(3)))
struct `Libraries with an interface of their own` {
    private static let languages = ["c", "cxx", "rust", "swift"]
    private static var header: String { Surroundings.packageRoot() + "/sdk/c" }

    private static let libraries = Dictionary(
        uniqueKeysWithValues: languages.map { language in (language, Result { try SharedObject.example(language) }) }
    )

    private static func library(_ language: String) throws -> [UInt8] { try #require(libraries[language]).get() }

    /// Installs one library with the manifest of an example.
    private func install(_ library: [UInt8], _ setup: inout HostSetup, manifestOf language: String = "c") throws {
        let path = Surroundings.packageRoot() + "/sdk/library/examples/\(language)/plugin.yaml"
        setup.plugins = []
        setup.ownPlugins = [
            .init(
                name: "hello-library",
                files: [
                    (path: "plugin.yaml", bytes: try contents(ofFile: path)), (path: "lib/libhello.so", bytes: library),
                ]
            )
        ]
    }

    @LoopActor
    private final class Listener: TaskSink {
        var hasHeard = false
        var isCongested: Bool { false }

        func write(_ stream: OutputStream, _ bytes: [UInt8]) { hasHeard = true }
        func whenDrained(_ action: @escaping @LoopActor () -> Void) { action() }
    }

    @Test(arguments: languages)
    func `an example streams output, gives a result, and hears of cancel`(language: String) async throws {
        try await withHost { setup in
            try install(try Self.library(language), &setup, manifestOf: language)
            setup.config.tasks.graceMilliseconds = 30_000
        } body: { host in
            let three = await host.run("{\"times\":3}", executor: "hello", timeout: 60_000)
            #expect(three.outcome == .succeeded, "\(three.text)")
            #expect(three.output.text == "hello\nhello\nhello\n")
            let threeValue = try JSONValue(parsing: try #require(three.value))
            #expect(threeValue == ["greeted": 3])

            let spec = host.task("{\"times\":1000000000}", executor: "hello", id: "long")
            let listener = Listener()
            let long = host.start(spec, io: TaskIO(sink: listener))
            await eventually("output of the long task") { listener.hasHeard }
            #expect(host.host.cancel("long"))
            let cancelled = await long.value
            #expect(cancelled.outcome == .cancelled, "\(cancelled.text)")

            // The process is the same: the library obeyed, and nobody had to be ended.
            let again = await host.run("{\"times\":1}", executor: "hello", timeout: 60_000)
            #expect(again.outcome == .succeeded, "\(again.text)")
        }
    }

    @Test(arguments: languages)
    func `a library says how it is`(language: String) async throws {
        try await withHost { setup in
            try install(try Self.library(language), &setup, manifestOf: language)
        } body: { host in
            let health = await host.host.health(milliseconds: 30_000)
            #expect(
                health.contains { $0.result.status == .healthy && $0.result.detail == "ready to greet" },
                "\(health)"
            )
        }
    }

    /// Faults of Tests/Fixtures/foreign/abi.c, and what is said of them.
    private static let faults: [(fault: Int, code: String, says: String)] = [
        (1, "abi_version", "it is of version 0, and this host speaks 1"),
        (2, "abi_version", "its structure has 16 bytes"),
        (3, "open_failed", "the config of 12 bytes is not liked: {"),
        (4, "symbol_missing", "has no symbol \"ostler_executor\""),
        (6, "abi_version", "`execute` is NULL"),
        (7, "abi_version", "it does not work with version 1"),
    ]

    private static func abi(_ fault: Int) throws -> [UInt8] {
        try SharedObject.compile("Tests/Fixtures/foreign/abi.c", ["-DFAULT=\(fault)", "-I", header])
    }

    @Test(arguments: faults.indices)
    func `a library that cannot be used is refused before any task`(index: Int) async throws {
        let (fault, code, says) = Self.faults[index]
        try await withHost { setup in
            try install(try Self.abi(fault), &setup)
        } body: { host in
            let result = await host.run("{}", executor: "hello", timeout: 30_000)
            #expect(result.outcome == .executorProtocol, "\(result.text)")
            #expect(result.error?.code == code && result.error?.sideEffects == Failure.SideEffects.none)
            #expect(result.error?.message.contains(says) == true, "\(result.text)")
        }
    }

    @Test(arguments: [(0, "no_luck_today", Int32(42)), (5, "inconsistent_result", Int32(-1))])
    func `a library tells why it failed, and cannot fail and succeed at once`(
        fault: Int,
        code: String,
        exitCode: Int32
    ) async throws {
        try await withHost { setup in
            try install(try Self.abi(fault), &setup)
        } body: { host in
            let result = await host.run("{}", executor: "hello", timeout: 30_000)
            #expect(result.outcome == .failed && result.exitCode == exitCode, "\(result.text)")
            #expect(result.error?.code == code, "\(result.text)")
            let resultValue = try JSONValue(parsing: try #require(result.value))
            #expect(resultValue == ["last": true])
        }
    }
}
