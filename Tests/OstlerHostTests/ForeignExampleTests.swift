internal import Glibc
import OstlerCatalog
import OstlerHost
import OstlerJSON
import OstlerProtocol
import OstlerSystem
import OstlerTasks
import OstlerTestSupport
import Testing

/// The plugins of `sdk/foreign/examples`, in their sandboxes.
@Suite(.serialized, .needsSandbox, .timeLimit(.minutes(10)))
struct `Examples of foreign functions` {
    private static let names = ["zlib", "libm", "libc", "sqlite", "crypto"]
    private static let isLong = Surroundings.environment("OSTLER_LONG") == "1"
    private static let rounds = isLong ? 1000 : 50

    /// Installs the examples, with processes that serve many tasks if there are many.
    private func setUp(_ setup: inout HostSetup, isWarm: Bool) throws {
        setup.plugins = []
        setup.ownPlugins = try Self.names.map { name in
            let path = Surroundings.packageRoot() + "/sdk/foreign/examples/\(name)/plugin.yaml"
            var manifest = String(decoding: try contents(ofFile: path), as: UTF8.self)
            if isWarm { manifest = manifest.replacing("    description:", with: "    reuse: warm\n    description:") }
            return .init(name: name, files: [(path: "plugin.yaml", bytes: Array(manifest.utf8))])
        }
    }

    @Test func `each example of a manifest has the outcome that it promises`() async throws {
        try await withHost { setup in
            try setUp(&setup, isWarm: false)
        } body: { host in
            var count = 0
            for plugin in host.host.settings.catalog.plugins {
                for executor in plugin.manifest.executors {
                    #expect(!executor.examples.isEmpty, "\(executor.name) has no example")
                    for example in executor.examples {
                        let result = await host.run(example.payload.text, executor: executor.name, timeout: 30_000)
                        #expect(result.outcome.rawValue == example.outcome?.rawValue, "\(example.name): \(result.text)")
                        #expect(result.value != nil)
                        count += 1
                    }
                }
            }
            #expect(count >= 25)
        }
    }

    @Test func `results agree with those of ctypes`() async throws {
        try await withHost { setup in
            try setUp(&setup, isWarm: true)
        } body: { host in
            var random = SeededGenerator(seed: 5)
            var rows: [UInt8] = []
            for (executor, payload) in Self.inputs {
                for _ in 0..<Self.rounds {
                    let payload = payload(&random)
                    let result = await host.run(payload.text, executor: executor, timeout: 60_000)
                    guard let value = result.value, result.outcome == .succeeded else {
                        Issue.record("\(executor) \(payload.text): \(result.text)")
                        continue
                    }
                    let head = "{\"executor\":\"\(executor)\",\"payload\":\(payload.text),\"result\":"
                    rows += Array(head.utf8) + value + Array("}\n".utf8)
                }
            }
            try compare(rows)
        }
    }

    private func compare(_ rows: [UInt8]) throws {
        try withTemporaryDirectory { directory in
            let input = try directory.write("rows", rows)
            let script = Surroundings.packageRoot() + "/Tests/Fixtures/foreign/agree.py"
            let told = directory.file("told")
            let status = exitStatus(of: "/bin/sh", ["-c", "/usr/bin/python3 '\(script)' < '\(input)' > '\(told)'"])
            let text = String(decoding: try contents(ofFile: told), as: UTF8.self)
            #expect(status == 0, "\(text.prefix(2000))")
            #expect(text.hasSuffix("\(Self.inputs.count * Self.rounds) compared, 0 differ\n"), "\(text.suffix(200))")
        }
    }

    // MARK: Random inputs

    private typealias Input = @Sendable (inout SeededGenerator) -> JSONValue

    private static let inputs: [(executor: String, payload: Input)] = [
        ("crc32", { ["crc": .number(.int(Int64(UInt32.random(in: 0...UInt32.max, using: &$0)))), "buf": bytes(&$0)] }),
        ("adler32", { ["adler": .number(.int(Int64.random(in: 0...65520, using: &$0))), "buf": bytes(&$0)] }),
        ("compress2", { ["source": bytes(&$0), "level": integer(&$0, 0...9)] }),
        ("round-trip", { ["source": bytes(&$0), "level": integer(&$0, 0...9)] }),
        ("cos", { ["x": real(&$0)] }),
        ("pow", { ["x": real(&$0), "y": real(&$0)] }),
        ("sqrtf", { ["x": .number(.double(Double(Float.random(in: -10...1e6, using: &$0))))] }),
        ("frexp", { ["x": real(&$0)] }),
        ("log", { ["x": real(&$0)] }),
        ("strftime", { ["format": "%Y-%m-%d %H:%M:%S %j %a", "time": time(&$0)] }),
        ("qsort", { ["values": words(&$0)] }),
        ("snprintf", { ["name": text(&$0), "number": word(&$0), "real": real(&$0, below: 1e9)] }),
        ("div", { ["numerator": word(&$0), "denominator": integer(&$0, 1...1000)] }),
        ("strdup", { ["text": text(&$0)] }),
        ("sql", { ["file": ":memory:", "sql": .string(statement(&$0))] }),
        ("sha1", { ["data": bytes(&$0)] }),
        ("sha256", { ["data": bytes(&$0)] }),
        ("sha512", { ["data": bytes(&$0)] }),
    ]

    private static func bytes(_ random: inout SeededGenerator) -> JSONValue {
        let bytes = random.bytes(Int.random(in: 0...500, using: &random))
        return ["base64": .string(base64(bytes))]
    }

    /// By the alphabet alone, so that the code under test does not make its own input.
    private static func base64(_ bytes: [UInt8]) -> String {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var text = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = (0..<3).reduce(0) { $0 << 8 | ($1 < group.count ? Int(group[start + $1]) : 0) }
            for index in 0..<4 { text.append(index <= group.count ? letters[bits >> (18 - 6 * index) & 63] : "=") }
        }
        return text
    }

    private static func integer(_ random: inout SeededGenerator, _ range: ClosedRange<Int64>) -> JSONValue {
        .number(.int(Int64.random(in: range, using: &random)))
    }

    private static func word(_ random: inout SeededGenerator) -> JSONValue {
        integer(&random, Int64(Int32.min)...Int64(Int32.max))
    }

    private static func words(_ random: inout SeededGenerator) -> JSONValue {
        .array((0..<Int.random(in: 0...40, using: &random)).map { _ in word(&random) })
    }

    private static func real(_ random: inout SeededGenerator, below bound: Double = 1e6) -> JSONValue {
        .number(.double(Double.random(in: -bound...bound, using: &random)))
    }

    private static func text(_ random: inout SeededGenerator) -> JSONValue {
        let letters = Array("abcXYZ 019 äß€ %'\"\\")
        return .string(
            String(
                (0..<Int.random(in: 0...30, using: &random)).map { _ in
                    letters[Int.random(in: 0..<letters.count, using: &random)]
                }
            )
        )
    }

    private static func time(_ random: inout SeededGenerator) -> JSONValue {
        [
            "sec": integer(&random, 0...59), "min": integer(&random, 0...59), "hour": integer(&random, 0...23),
            "mday": integer(&random, 1...28), "mon": integer(&random, 0...11), "year": integer(&random, 0...200),
            "wday": integer(&random, 0...6), "yday": integer(&random, 0...365), "isdst": 0, "gmtoff": 0, "zone": .null,
        ]
    }

    private static func statement(_ random: inout SeededGenerator) -> String {
        let rows = (0..<Int.random(in: 1...5, using: &random)).map { number in
            "(\(number), '\(String(UInt32.random(in: 0...9999, using: &random), radix: 36))', null)"
        }
        return
            "create table t(a, b, c); insert into t values \(rows.joined(separator: ", ")); select * from t order by b;"
    }
}
