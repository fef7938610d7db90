import OstlerJSON
import OstlerProtocol
import OstlerSystem
import OstlerTasks
import OstlerTestSupport
import Testing

/// Each type of C that a manifest can declare, and each way to pass it, against a library of the test's own.
@Suite(.serialized, .needsSandbox, .timeLimit(.minutes(2)))
struct `Types of foreign functions` {
    /// What is given, and what must come back.
    struct Row: Sendable {
        let executor: String
        let payload: JSONValue
        var result: JSONValue?
        var outcome = Outcome.succeeded
        var code: String?

        init(_ executor: String, _ payload: JSONValue = [:], gives result: JSONValue) {
            self.executor = executor
            self.payload = payload
            self.result = result
        }

        init(
            _ executor: String,
            _ payload: JSONValue,
            _ outcome: Outcome,
            _ code: String,
            with result: JSONValue? = nil
        ) {
            self.executor = executor
            self.payload = payload
            self.outcome = outcome
            self.code = code
            self.result = result
        }
    }

    private static let library = Result { try SharedObject.compile("Tests/Fixtures/foreign/types.c") }

    /// The word of each integer type, its width in bits and whether it has a sign.
    private static let integers: [(word: String, bits: Int, isSigned: Bool)] = [
        ("schar", 8, true), ("uchar", 8, false), ("short", 16, true), ("ushort", 16, false), ("int", 32, true),
        ("uint", 32, false), ("long", 64, true), ("ulong", 64, false), ("longlong", 64, true),
        ("ulonglong", 64, false), ("int8", 8, true), ("uint8", 8, false), ("int16", 16, true), ("uint16", 16, false),
        ("int32", 32, true), ("uint32", 32, false), ("int64", 64, true), ("uint64", 64, false), ("size", 64, false),
        ("ssize", 64, true),
    ]

    private func setUp(_ setup: inout HostSetup) throws {
        var manifest = String(
            decoding: try contents(ofFile: Surroundings.packageRoot() + "/Tests/Fixtures/foreign/types.yaml"),
            as: UTF8.self
        )
        for (word, _, _) in Self.integers {
            manifest = manifest.replacing(
                "functions:\n",
                with: "functions:\n  echo_\(word): {returns: \(word), args: [{value: \(word)}]}\n"
            ).replacing("executors:\n", with: "executors:\n  - {name: echo_\(word)}\n")
        }
        let files = [("plugin.yaml", Array(manifest.utf8)), ("lib/libtypes.so", try Self.library.get())]
        setup.plugins = []
        setup.ownPlugins = [.init(name: "types", files: files.map { (path: $0.0, bytes: $0.1) })]
    }

    @LoopActor
    private func expect(_ row: Row, _ host: TestHost) async {
        let result = await host.run(row.payload.text, executor: row.executor, timeout: 30_000)
        #expect(result.outcome == row.outcome, "\(row.executor) \(row.payload.text): \(result.text)")
        #expect(result.error?.code == row.code, "\(row.executor): \(result.text)")
        guard let expected = row.result else { return }
        let value = result.value.flatMap { try? JSONValue(parsing: $0) }
        #expect(value == expected, "\(row.executor): \(value?.text ?? "none")")
    }

    @Test func `integers of every width come back, and what is out of range is refused`() async throws {
        try await withHost { setup in
            try setUp(&setup)
        } body: { host in
            for (word, bits, isSigned) in Self.integers {
                let least = isSigned ? Int64.min >> Int64(64 - bits) : 0
                let most = isSigned ? UInt64(Int64.max) >> UInt64(64 - bits) : UInt64.max >> UInt64(64 - bits)
                for number in ["\(least)", "\(most)", "0"] {
                    let result = await host.run("{\"value\":\(number)}", executor: "echo_\(word)", timeout: 30_000)
                    let text = String(decoding: result.value ?? [], as: UTF8.self)
                    #expect(text == "{\"returns\":\(number)}", "\(word): \(result.text)")
                }
                let tooMany = bits == 64 ? (isSigned ? "9223372036854775808" : "18446744073709551616") : "\(most + 1)"
                let tooFew = bits == 64 && isSigned ? "-9223372036854775809" : "\(least - 1)"
                for number in [tooMany, tooFew, "1e20", "0.5", "\"1\""] {
                    let result = await host.run("{\"value\":\(number)}", executor: "echo_\(word)", timeout: 30_000)
                    // By its schema, before anything is called.
                    #expect(result.outcome == .invalid, "\(word) of \(number): \(result.text)")
                    let says = [tooMany: "at most \(most)", tooFew: "at least \(least)"][number] ?? ""
                    #expect(result.error?.message.contains(says) != false || says.isEmpty, "\(result.text)")
                }
            }
        }
    }

    @Test(arguments: [
        ("scalars and structures", scalars), ("text and buffers", texts), ("handles and callbacks", callbacks),
    ])
    func `values come back as they are declared`(_ name: String, _ rows: [Row]) async throws {
        try await withHost { setup in
            try setUp(&setup)
        } body: { host in
            for row in rows { await expect(row, host) }
        }
    }

    private static let point: JSONValue = ["x": 3, "y": 4]
    private static let box: JSONValue = [
        "from": ["x": 1, "y": 2], "to": ["x": 10, "y": 20], "tag": [7, 8, 9], "label": "a box",
    ]

    private static let scalars: [Row] = [
        Row("echo_bool", ["value": true], gives: ["returns": true]),
        Row("echo_bool", ["value": false], gives: ["returns": false]),
        Row("echo_bool", ["value": 1], .invalid, "wrong_type"),
        Row("echo_float", ["value": .number(.double(0.5))], gives: ["returns": .number(.double(0.5))]),
        Row("echo_float", ["value": .number(.double(1e39))], .invalid, "out_of_range"),
        Row("echo_double", ["value": .number(.double(0.1))], gives: ["returns": .number(.double(0.1))]),
        Row("echo_double", ["value": .number(.double(-1e300))], gives: ["returns": .number(.double(-1e300))]),
        Row("swapped", ["value": point], gives: ["returns": ["x": 4, "y": 3]]),
        Row("swapped", ["value": ["x": 3]], .invalid, "missing_member"),
        Row(
            "grown",
            ["value": box, "by": 5],
            gives: [
                "returns": [
                    "from": ["x": 1, "y": 2], "to": ["x": 15, "y": 20], "tag": [7, 8, 5], "label": "a box",
                ]
            ]
        ),
        Row("width", ["value": box], gives: ["returns": 9]),
        Row("moved", ["value": point, "by": 4], gives: ["value": ["x": 7, "y": 4]]),
        Row("origin", gives: ["value": ["x": 7, "y": .number(.double(0.5))]]),
        Row("next_color", ["value": "red"], gives: ["returns": "green"]),
        Row("next_color", ["value": "green"], gives: ["returns": "blue"]),
        Row("next_color", ["value": "pink"], .invalid, "not_in_enum"),
        Row("odd_color", gives: ["returns": 42]),
        Row(
            "failing",
            ["code": 2],
            .failed,
            "call_failed",
            with: ["returns": -1, "errno": ["number": 2, "message": "No such file or directory"]]
        ),
        Row("sum", ["a": 1, "b": 20, "c": 300], gives: ["returns": 321]),
        Row(
            "blend",
            ["a": .number(.double(0.5)), "b": 1_000_000_000_000, "c": "four"],
            gives: ["returns": .number(.double(1_000_000_000_004.5))]
        ),
        Row("doubled", ["value": 21], gives: ["value": 42]),
        Row("primes", gives: ["room": [2, 3, 5, 7]]),
        Row(
            "sum_doubles",
            ["values": [1, .number(.double(2.5)), 3]],
            gives: ["returns": .number(.double(6.5))]
        ),
        Row("sum_doubles", ["values": []], gives: ["returns": 0]),
    ]

    private static let texts: [Row] = [
        Row("greeting", ["name": "Ada"], gives: ["returns": "hello, Ada"]),
        Row("greeting", ["name": "a\u{0}b"], .invalid, "pattern_mismatch"),
        // Once for the text that was returned: it has been given back before the next step.
        Row(
            "greeting-twice",
            ["name": "Ada"],
            gives: ["greeting": ["returns": "hello, Ada"], "times_given_back": ["returns": 1]]
        ),
        Row("told", gives: ["told": ["text": "hello, out"], "times_given_back": ["returns": 1]]),
        Row("kept", gives: ["returns": "kept"]),
        Row("nothing", ["value": .null], gives: ["returns": .null]),
        Row("nothing", ["value": ""], gives: ["returns": ""]),
        Row("broken_text", gives: ["returns": ["base64": "//4="]]),
        Row("fill", gives: ["room": "ababab"]),
        Row("fill", ["room": 5], gives: ["room": "ababababab"]),
        Row("fill", ["room": 9], .invalid, "out_of_range"),
        Row("fill_some", gives: ["returns": 4, "room": "some"]),
        // What a function says of more bytes than there is room for is not believed.
        Row("boast", gives: ["returns": 200, "room": "0000"]),
        Row("total", ["bytes": "ab"], gives: ["returns": 195]),
        Row("total", ["bytes": ["base64": "AP8="]], gives: ["returns": 255]),
        Row("lengths", ["words": ["a", "bc", ""]], gives: ["returns": 3]),
    ]

    private static let callbacks: [Row] = [
        Row(
            "counting",
            ["start": 1, "first_by": 2],
            gives: [
                "new": [:], "first": ["returns": 3], "second": ["returns": 6], "close": [:], "closed": ["returns": 1],
            ]
        ),
        // The second call fails: what was opened is closed all the same, and the rest is not done.
        Row(
            "counting",
            ["start": 1, "first_by": 0],
            .failed,
            "call_failed",
            with: ["new": [:], "first": ["returns": -1]]
        ),
        Row("counting", ["start": -1, "first_by": 1], .failed, "call_failed", with: ["new": [:]]),
        Row("making", ["by": 2], gives: ["make": ["returns": 0], "add": ["returns": 42]]),
        Row(
            "each",
            ["count": 2],
            gives: [
                "returns": 2,
                "told": [
                    ["number": 0, "name": "name 0", "bytes": ["base64": "AP8="], "size": 2, "real": 0],
                    [
                        "number": 1, "name": "name 1", "bytes": ["base64": "Af8="], "size": 2,
                        "real": .number(.double(0.5)),
                    ],
                ],
            ]
        ),
        Row("ping", gives: ["told": [[:], [:]]]),
        Row(
            "sort_rows",
            ["rows": [["grade": 1, "name": "b"], ["grade": 2, "name": "a"], ["grade": 2, "name": "c"]]],
            gives: [
                "rows": [["grade": 2, "name": "c"], ["grade": 2, "name": "a"], ["grade": 1, "name": "b"]]
            ]
        ),
        Row(
            "sort_doubles",
            ["values": [3, -1, .number(.double(0.5))]],
            gives: ["values": [-1, .number(.double(0.5)), 3]]
        ),
    ]

    @Test func `a collector keeps as many calls as its limit and then asks the library to stop`() async throws {
        try await withHost { setup in
            try setUp(&setup)
        } body: { host in
            let result = await host.run("{\"count\":100}", executor: "each", timeout: 30_000)
            let value = try JSONValue(parsing: try #require(result.value))
            #expect(value["told"]?.array?.count == 3)
            #expect(value["returns"] == 4, "the call that is too much is answered with `full`")
        }
    }
}
