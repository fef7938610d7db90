internal import Glibc
internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// Each limit run into for real, with cgroups and without. What the bombs may use at most is bounded from outside.
    @Suite(.serialized)
    struct LimitTests {
        /// What is to be said of a task.
        enum Verdict: Sendable {
            case succeeded
            /// The limit was reached as a fact, and the task failed.
            case limit(String, at: String? = nil)
            /// The task failed, and a guess says what may be behind it.
            case hint(String)
        }

        /// A task that runs into a limit.
        struct Bomb: Sendable {
            let name: String
            let command: [String]
            /// Where cgroups can be had, and where not.
            let verdict: Verdict
            var withoutCgroups: Verdict?
            /// Told although the task succeeds; only of cgroups if so it says.
            var reached: String?
            var onlyOfCgroups = false

            static func shell(_ name: String, _ script: String, _ verdict: Verdict, reached: String? = nil) -> Bomb {
                Bomb(name: name, command: ["sh", "-c", script], verdict: verdict, reached: reached)
            }

            static func python(_ name: String, _ script: String, _ verdict: Verdict) -> Bomb {
                Bomb(name: name, command: ["/usr/bin/python3", "-I", "-S", "-c", script], verdict: verdict)
            }

            func or(_ other: Verdict) -> Bomb {
                var bomb = self
                bomb.withoutCgroups = other
                return bomb
            }

            var ofCgroups: Bomb {
                var bomb = self
                bomb.onlyOfCgroups = true
                return bomb
            }

            var line: String {
                let arguments = JSONValue.array(command.dropFirst().map { .string($0) })
                let payload: JSONValue = ["command": .string(command[0]), "args": arguments]
                return (["id": .string(name), "executor": "command", "payload": payload] as JSONValue).text + "\n"
            }
        }

        private static let config = """
            sandbox:
              limits:
                memory: 64MiB
                processes: 32
                open_files: 64
                cpu: 1s
                file_size: 1MiB
                tmp: 2MiB
                output: 200000

            """

        private static let hog = "hoard = []\nfor i in range(200): hoard.append(b'x' * (1 << 20))"
        private static let bombs: [Bomb] = [
            .shell("nothing", "exit 3", .hint("")),
            .python("memory", hog, .limit("memory")).or(.hint("sandbox.limits.memory")),
            .shell("memory-survived", "/usr/bin/python3 -I -S -c \"\(hog)\"; exit 0", .succeeded, reached: "memory")
                .ofCgroups,
            .shell("processes", "for i in $(seq 60); do sleep 100 & done; exit 1", .limit("processes"))
                .or(.hint("sandbox.limits.processes")),
            .shell(
                "processes-survived",
                "(for i in $(seq 60); do sleep 100 & done) 2>/dev/null; exit 0",
                .succeeded,
                reached: "processes"
            ).ofCgroups,
            .python(
                "open-files",
                "files = [open('/dev/null') for i in range(200)]",
                .hint("sandbox.limits.open_files of 64")
            ),
            .shell("cpu", "while :; do :; done", .limit("cpu")),
            .shell("file-size", "head -c 3000000 /dev/zero > /tmp/large", .limit("file_size")),
            .python(
                "file-size-ignored",
                "f = open('/tmp/large', 'wb', 0)\nfor i in range(40): f.write(b'x' * 65536)",
                .hint("sandbox.limits.file_size of 1048576")
            ),
            .shell(
                "tmp",
                "for i in 1 2 3; do head -c 1000000 /dev/zero > /tmp/$i || exit 1; done",
                .limit("tmp", at: "/tmp")
            ),
            .shell(
                "work",
                "for i in 1 2 3; do head -c 1000000 /dev/zero > $i || exit 1; done",
                .limit("tmp", at: "/work")
            ),
            .shell("files", "for i in $(seq 2000); do : > /tmp/$i; done", .limit("tmp_files", at: "/tmp")),
            .shell(
                "tmp-survived",
                "for i in 1 2 3; do head -c 1000000 /dev/zero > /tmp/$i; done; exit 0",
                .succeeded,
                reached: "tmp"
            ),
            .shell(
                "tmp-cleaned",
                "for i in 1 2 3; do head -c 1000000 /dev/zero > /tmp/$i || bad=1; done; rm /tmp/*; exit $bad",
                .hint("sandbox.limits.tmp of 2097152")
            ),
            .shell("output", "head -c 1000000 /dev/zero", .limit("output")),
            .shell("after", "exit 0", .succeeded),
        ]

        @Test(.sandboxed, .asRoot, arguments: [nil, 12345] as [Int32?])
        func `A limit that was reached is the outcome if that is a fact, and else a hint`(_ user: Int32?) async throws {
            try await withTree(user: user) { tree in
                try tree.directory.write("home/ostler.yaml", Self.config)
                try tree.directory.write("home/tasks.jsonl", Self.bombs.map(\.line).joined())
                let results = try await tree.run(Self.bounded(tree), within: .seconds(120)).results()
                let byID = Dictionary(results.map { ($0["id"]?.string ?? "", $0) }) { first, _ in first }
                for bomb in Self.bombs {
                    let result = try #require(byID[bomb.name], "\(bomb.name)")
                    Self.check(result, bomb)
                }
            }
        }

        /// The host's own outer bounds: should a limit not hold, the bombs end all the same.
        private static func bounded(_ tree: InstalledTree) -> Child.Command {
            var command = tree.command(["run", "--file", "tasks.jsonl", "--jobs", "2", "--quiet"])
            let line = [command.program] + command.arguments.map { String(decoding: $0, as: UTF8.self) }
            command.program = "/usr/bin/prlimit"
            command.arguments = (["--data=400000000", "--cpu=60", "--fsize=67108864"] + line).map { Array($0.utf8) }
            return command
        }

        private static func check(_ result: JSONValue, _ bomb: Bomb) {
            let layers = result["isolation"]?["layers"]?.array ?? []
            func isEnforced(_ layer: String) -> Bool {
                layers.first { $0["layer"]?.string == layer }?["enforced"]?.bool == true
            }
            let hasCgroups = isEnforced("memory_limit") && isEnforced("process_limit")
            let expected = hasCgroups ? bomb.verdict : bomb.withoutCgroups ?? bomb.verdict
            let reached = result["limits_reached"]?.array ?? []
            switch expected {
            case .succeeded:
                #expect(result["outcome"]?.string == "succeeded", "\(bomb.name): \(result.text)")
                let told = bomb.onlyOfCgroups && !hasCgroups ? nil : bomb.reached
                #expect(
                    reached.compactMap { $0["name"]?.string } == (told.map { [$0] } ?? []),
                    "\(bomb.name): \(result.text)"
                )
            case .limit(let name, let place):
                #expect(result["outcome"]?.string == "limit", "\(bomb.name): \(result.text)")
                let error = result["error"]
                #expect(error?["code"]?.string == "limit_" + name)
                #expect(error?["limit"]?["name"]?.string == name)
                #expect(reached.contains { $0["name"]?.string == name && $0["at"]?.string == place }, "\(result.text)")
                let limit = error?["limit"]?["limit"]?.int ?? 0
                // The kernel counts memory in batches of pages, and processor time in whole seconds.
                let slack = name == "memory" ? limit / 16 : 0
                #expect(limit > 0 && (error?["limit"]?["observed"]?.int ?? 0) >= limit - slack, "\(result.text)")
            case .hint(let text):
                #expect(result["outcome"]?.string == "failed", "\(bomb.name): \(result.text)")
                #expect(result["error"] == nil && reached.isEmpty, "\(bomb.name): \(result.text)")
                let hint = result["hint"]?.string
                #expect(text.isEmpty ? hint == nil : hint?.contains(text) == true, "\(bomb.name): \(result.text)")
            }
        }
    }
}
