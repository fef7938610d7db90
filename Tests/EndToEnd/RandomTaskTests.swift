internal import Glibc
internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// Tasks out of a seeded generator, each compared with a direct run of the same program.
    @Suite(.sandboxed)
    struct RandomTaskTests {
        private static let count = Surroundings.environment("OSTLER_LONG") == "1" ? 1000 : 200
        private static let seed = UInt64(Surroundings.environment("OSTLER_SEED") ?? "") ?? 20_260_101

        /// Tells all that it was given, then writes as many bytes as it is told and ends as it is told.
        private static let helper = """
            import base64, hashlib, os, signal, sys
            def bulk(name, count):
                out, block, number = bytearray(), b"", 0
                while len(out) < count:
                    out += hashlib.sha256(b"%s %d" % (name, number)).digest() * 37
                    number += 1
                return bytes(out[:count])
            def put(stream, data):
                view = memoryview(data)
                while view:
                    view = view[os.write(stream, view):]
            told = [os.fsencode(word) for word in sys.argv[1:]]
            variables = sorted(pair for pair in os.environb.items() if pair[0].startswith(b"T_"))
            given = sys.stdin.buffer.read()
            seed = int(os.environ["T_SEED"])
            put(1, repr((told, variables, given)).encode())
            put(2, bulk(b"e%d" % seed, int(os.environ["T_ERR"])))
            put(1, bulk(b"o%d" % seed, int(os.environ["T_OUT"])))
            end = int(os.environ["T_END"])
            if end < 0:
                if -end != signal.SIGKILL:
                    signal.signal(-end, signal.SIG_DFL)
                os.kill(os.getpid(), -end)
                signal.pause()
            os._exit(end)
            """

        private struct Case: Sendable {
            var arguments: [String]
            var variables: [(key: String, value: String)]
            var input: String
            var end: Int32
        }

        private static let odd: [Character] =
            Array(
                "ab  \t\r\n\u{1}\u{1F}\u{7F}'\"\\`$*?;&|<>(){}[]~#%=!-_/.,:äß€漢字😀\u{10FFFD}\u{FEFF}\u{202E}\u{85}\u{2028}e\u{301}\u{D7FF}"
            )

        private static func oddText(_ random: inout SeededGenerator, _ longest: Int) -> String {
            String(
                (0..<Int.random(in: 0...longest, using: &random)).map { _ in
                    odd[Int.random(in: 0..<odd.count, using: &random)]
                }
            )
        }

        /// Mostly small, sometimes around the sizes at which something changes, sometimes large.
        private static func size(_ random: inout SeededGenerator) -> Int {
            switch Int.random(in: 0..<10, using: &random) {
            case 0: 0
            case 1...5: Int.random(in: 1...2000, using: &random)
            case 6: [4095, 4096, 4097, 65535, 65536, 65537].randomElement(using: &random) ?? 0
            case 7, 8: Int.random(in: 2000...100_000, using: &random)
            default: Int.random(in: 0...(1 << 20), using: &random)
            }
        }

        private static func makeCase(_ random: inout SeededGenerator, _ number: Int) -> Case {
            let signals = [SIGHUP, SIGINT, SIGABRT, SIGKILL, SIGSEGV, SIGPIPE, SIGTERM, SIGUSR1, SIGALRM, SIGXCPU]
            let dies = Int.random(in: 0..<5, using: &random) == 0
            let end = dies ? -(signals.randomElement(using: &random) ?? 9) : Int32.random(in: 0...255, using: &random)
            var variables: [(key: String, value: String)] = [
                ("T_SEED", "\(number)"), ("T_OUT", "\(size(&random))"), ("T_ERR", "\(size(&random))"),
                ("T_END", "\(end)"),
            ]
            for index in 0..<Int.random(in: 0...4, using: &random) {
                let key = "T_\(index)" + oddText(&random, 6).filter { $0 != "=" }
                variables.append((key, oddText(&random, 40)))
            }
            return Case(
                arguments: (0..<Int.random(in: 0...6, using: &random)).map { _ in oddText(&random, 60) },
                variables: variables,
                input: oddText(&random, 3000),
                end: end
            )
        }

        @Test
        func `Random tasks give exactly what the same program gives directly`() async throws {
            var random = SeededGenerator(seed: Self.seed)
            let cases = (0..<Self.count).map { Self.makeCase(&random, $0) }
            try await withTree { tree in
                try tree.directory.write("home/helper.py", Self.helper)
                let tasks = cases.enumerated().map { Self.line(of: $1, "n\($0)") }.joined()
                try tree.directory.write("home/tasks.jsonl", tasks)
                let run = try await tree.run(
                    [
                        "run", "--file", "tasks.jsonl", "--jobs", "4", "--in", "helper.py", "--quiet", "--timeout",
                        "60s",
                    ],
                    within: .seconds(Self.count)
                )
                #expect(run.exitCode == 2, "\(run.complaint)")
                var results: [String: JSONValue] = [:]
                for result in try run.results() { results[result["id"]?.string ?? ""] = result }
                #expect(results.count == cases.count)
                for (number, random) in cases.enumerated() {
                    let result = try #require(results["n\(number)"])
                    try await compare(result, random, tree, "seed \(Self.seed), task \(number)")
                }
            }
        }

        private static func line(of random: Case, _ id: String) -> String {
            let words = ["-I", "/in/helper.py"] + random.arguments
            let payload: JSONValue = [
                "command": "/usr/bin/python3", "args": .array(words.map { .string($0) }),
                "stdin": .string(random.input),
                "env": .object(JSONObject(random.variables.map { ($0.key, .string($0.value)) })),
            ]
            let task: JSONValue = ["id": .string(id), "executor": "command", "payload": payload]
            return task.text + "\n"
        }

        private func compare(_ result: JSONValue, _ random: Case, _ tree: InstalledTree, _ name: String) async throws {
            var command = Child.Command("/usr/bin/python3", ["-I", tree.home + "/helper.py"] + random.arguments)
            command.environment = random.variables.map { $0.key + "=" + $0.value }
            command.input = .text(random.input)
            let direct = try await tree.run(command)
            #expect(direct.signal == (random.end < 0 ? -random.end : nil))
            let outcome = random.end == 0 ? "succeeded" : "failed"
            #expect(result["outcome"]?.string == outcome, "\(name): \(result["error"]?.text ?? "")")
            #expect(result["exit_code"]?.int == (direct.signal == nil ? Int64(direct.exitCode) : -1), "\(name)")
            #expect(result["signal"]?.int == direct.signal.map { Int64($0) }, "\(name)")
            for (stream, bytes) in [("output", direct.output), ("stderr", direct.errors)] {
                #expect(result[stream]?["bytes"]?.int == Int64(bytes.count), "\(name): \(stream)")
                let isSame = result[stream]?.streamBytes == bytes
                #expect(isSame, "\(name): \(stream) differs")
            }
        }
    }
}
