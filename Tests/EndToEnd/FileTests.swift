internal import Glibc
internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// `ostler run --file`: many tasks.
    @Suite(.sandboxed)
    struct FileTests {
        private static func line(_ id: String, _ script: String) -> String {
            let task: JSONValue = [
                "id": .string(id), "executor": "command",
                "payload": ["command": "sh", "args": ["-c", .string(script)]],
            ]
            return task.text + "\n"
        }

        private static let good = line("good", "echo good")

        private func run(
            _ tree: InstalledTree,
            _ content: some Collection<UInt8>,
            _ options: [String] = []
        ) async throws -> Finished {
            try tree.directory.write("home/tasks.jsonl", content)
            return try await tree.run(["run", "--file", "tasks.jsonl"] + options)
        }

        @Test
        func `Each task has its result line`() async throws {
            try await withTree { tree in
                let tasks = (1...20).map { Self.line("n\($0)", "echo \($0)") }.joined()
                let result = try await run(tree, tasks.utf8, ["--jobs", "4"])
                #expect(result.exitCode == 0)
                #expect(result.complaint == "ostler: 20 tasks: 20 succeeded\n")
                let results = try result.results()
                #expect(Set(results.compactMap { $0["id"]?.string }) == Set((1...20).map { "n\($0)" }))
                for result in results {
                    #expect("n" + (result["output"]?["text"]?.string ?? "") == (result["id"]?.string ?? "") + "\n")
                }
            }
        }

        @Test
        func `Results come in the file's order if they are asked to`() async throws {
            try await withTree { tree in
                let tasks = (1...12).map { Self.line("n\($0)", $0 % 4 == 1 ? "sleep 0.2" : "true") }.joined()
                let result = try await run(tree, tasks.utf8, ["--jobs", "6", "--ordered", "--quiet"])
                #expect(result.exitCode == 0)
                #expect(result.complaint == "")
                #expect(try result.results().compactMap { $0["id"]?.string } == (1...12).map { "n\($0)" })
            }
        }

        @Test(
            arguments: [
                ("exit 0", "exit 0", 0), ("exit 1", "exit 2", 1), ("exit 0", "exit 1", 2),
            ] as [(String, String, Int32)]
        )
        func `The exit code sums the outcomes up`(first: String, second: String, code: Int32) async throws {
            try await withTree { tree in
                let result = try await run(tree, (Self.line("a", first) + Self.line("b", second)).utf8)
                #expect(result.exitCode == code, "\(result.complaint)")
            }
        }

        @Test(arguments: [
            ("{\"id\":\"bad\",\"executor\":\"command\",\"payload\":{\"command\":1}}", "/payload/command"),
            ("{\"id\":\"bad\",\"executor\":\"comand\",\"payload\":{}}", "unknown executor type: comand"),
            ("{\"id\":\"bad\",\"executr\":\"command\",\"payload\":{}}", "executr"),
            (
                "{\"id\":\"good\",\"executor\":\"command\",\"payload\":{\"command\":\"ls\"}}",
                "occurs twice, first in line 1"
            ),
            ("{\"id\":\"bad\"", "[invalid_json"),
            ("[]", "bad.jsonl:2:"),
            ("nonsense", "[invalid_json"),
            (
                "{\"id\":\"bad\",\"executor\":\"command\",\"payload\":{\"command\":\"ls\"},\"timeout\":\"soon\"}",
                "/timeout"
            ),
            ("\u{0}", "[invalid_json"),
        ])
        func `One bad line and nothing runs`(bad: String, part: String) async throws {
            try await withTree { tree in
                let work = try tree.directory.makeDirectory("home/out")
                let tasks = Self.line("good", "touch /out/out/ran") + bad + "\n"
                try tree.directory.write("home/bad.jsonl", tasks)
                let result = try await tree.run(["run", "--file", "bad.jsonl", "--out", work])
                #expect(result.exitCode == 3, "\(result.complaint)")
                #expect(result.text == "")
                #expect(result.complaint.hasPrefix("bad.jsonl:2:"), "\(result.complaint)")
                #expect(result.complaint.contains(part), "\(result.complaint)")
                #expect(result.complaint.contains("nothing was run: 1 problem in 2 tasks (see --keep-going)"))
                #expect(namesOfDirectory(work).isEmpty)
            }
        }

        @Test
        func `Going on runs what is right and tells of the rest`() async throws {
            try await withTree { tree in
                let bad = #"{"id":"bad","executor":"command","payload":{}}"# + "\n{\n"
                let again = Self.line("good", "echo again")
                let result = try await run(tree, (Self.good + bad + again).utf8, ["--keep-going", "--ordered"])
                #expect(result.exitCode == 2, "\(result.complaint)")
                let results = try result.results()
                #expect(results.map { $0["outcome"]?.string } == ["succeeded", "invalid", "invalid", "invalid"])
                #expect(results.map { $0["id"]?.string } == ["good", "bad", "line-3", "good"])
                #expect(results[3]["error"]?["code"]?.string == "duplicate_id")
                #expect(result.complaint.contains("tasks.jsonl:3"))
            }
        }

        @Test
        func `Empty lines, CRLF and a last line without an end are no fault`() async throws {
            try await withTree { tree in
                let crlf = Self.good.dropLast() + "\r\n\r\n  \t \n\n" + Self.line("last", "exit 0").dropLast()
                let result = try await run(tree, crlf.utf8)
                #expect(result.exitCode == 0, "\(result.complaint)")
                #expect(try result.results().count == 2)
                let empty = try await run(tree, [])
                #expect(empty.exitCode == 0)
                #expect(empty.text == "")
                #expect(empty.complaint == "ostler: 0 tasks\n")
            }
        }

        @Test
        func `A byte order mark is refused by name`() async throws {
            try await withTree { tree in
                let result = try await run(tree, [0xEF, 0xBB, 0xBF] + Array(Self.good.utf8))
                #expect(result.exitCode == 3)
                #expect(result.complaint.contains("tasks.jsonl:1: the file begins with a byte order mark"))
                #expect(result.complaint.contains("hint: save it as UTF-8 without BOM"))
            }
        }

        @Test
        func `Invalid UTF-8 and NUL are refused with their line`() async throws {
            try await withTree { tree in
                for byte: UInt8 in [0xFF, 0xC0, 0x00] {
                    let bad = Array("{\"id\":\"x".utf8) + [byte] + Array("\"}\n".utf8)
                    let result = try await run(tree, Array(Self.good.utf8) + bad)
                    #expect(result.exitCode == 3)
                    #expect(result.complaint.hasPrefix("tasks.jsonl:2:9: "), "\(byte): \(result.complaint)")
                }
                let escaped = Self.line("nul", "a\u{0}b")
                let result = try await run(tree, escaped.utf8)
                #expect(result.exitCode == 1, "\(result.complaint)")
                #expect(try result.results()[0]["error"]?["code"]?.string == "nul_in_argument")
            }
        }

        @Test
        func `A line of two mebibytes is refused and the next one read`() async throws {
            try await withTree { tree in
                let long = Self.line("long", ": " + String(repeating: "x", count: 2 << 20))
                let result = try await run(tree, (long + Self.good).utf8)
                #expect(result.exitCode == 3)
                #expect(result.complaint.hasPrefix("tasks.jsonl:1: the line has \(long.utf8.count - 1) bytes"))
                let going = try await run(tree, (long + Self.good).utf8, ["--keep-going", "--ordered"])
                #expect(going.exitCode == 2)
                #expect(try going.results().map { $0["outcome"]?.string } == ["invalid", "succeeded"])
            }
        }

        @Test
        func `A directory, a missing file and both executor and file are refused`() async throws {
            try await withTree { tree in
                let directory = try await tree.run(["run", "--file", "."])
                #expect(directory.exitCode == 3)
                #expect(
                    directory.complaint.contains("--file .: it is a directory"),
                    "\(directory.complaint)"
                )
                let missing = try await tree.run(["run", "--file", "missing.jsonl"])
                #expect(missing.exitCode == 3)
                #expect(missing.complaint.contains("--file missing.jsonl: No such file or directory"))
                let both = try await tree.run(["run", "command", "--file", "x"])
                #expect(both.exitCode == 3)
                #expect(both.complaint.contains("--file brings its own executors"), "\(both.complaint)")
            }
        }

        @Test(.asRoot)
        func `A file that may not be read is refused`() async throws {
            try await withTree(user: 12345) { tree in
                try tree.directory.write("home/secret.jsonl", Self.good, mode: 0o600)
                let result = try await tree.run(["run", "--file", "secret.jsonl"])
                #expect(result.exitCode == 3)
                #expect(
                    result.complaint.contains("--file secret.jsonl: Permission denied"),
                    "\(result.complaint)"
                )
            }
        }

        @Test
        func `Lines from stdin run as they come`() async throws {
            try await withTree { tree in
                try await onThread {
                    let child = try tree.start(["run", "--file", "-"], input: .open)
                    try Self.converse(with: child) { child.write($0) }
                    let finished = child.finish()
                    #expect(finished.exitCode == 2, "\(finished.complaint)")
                    #expect(finished.complaint.contains("stdin:2"))
                }
            }
        }

        @Test
        func `Lines from a FIFO run as they come`() async throws {
            try await withTree { tree in
                let path = tree.home + "/pipe"
                #expect(mkfifo(path, 0o600) == 0)
                try await onThread {
                    let child = try tree.start(["run", "--file", "pipe"])
                    // Opening it for both directions never waits for the other side.
                    let pipe = open(path, O_RDWR | O_CLOEXEC)
                    try Self.converse(with: child) { text in
                        let bytes = Array(text.utf8)
                        #expect(write(pipe, bytes, bytes.count) == bytes.count)
                    }
                    close(pipe)
                    let finished = child.finish()
                    #expect(finished.exitCode == 2, "\(finished.complaint)")
                }
            }
        }

        @Test
        func `A FIFO that nobody writes to keeps no signal waiting`() async throws {
            try await withTree { tree in
                let path = tree.home + "/pipe"
                #expect(mkfifo(path, 0o600) == 0)
                let finished = try await onThread {
                    let child = try tree.start(["run", "--file", "pipe"])
                    eventuallyOnThread { Self.holds(path, child.process) }
                    child.send(SIGINT)
                    return child.finish(within: .seconds(20))
                }
                #expect(!finished.isOverdue)
                #expect(finished.exitCode == 128 + SIGINT, "\(finished.complaint)")
            }
        }

        /// Whether a process has a file open.
        private static func holds(_ path: String, _ process: pid_t) -> Bool {
            let directory = "/proc/\(process)/fd/"
            return namesOfDirectory(directory).contains { name in
                var target = [CChar](repeating: 0, count: 4096)
                let count = readlink(directory + name, &target, target.count)
                return String(decoding: target.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
                    == path
            }
        }

        /// A good line is answered before the next is sent; a bad one is told and does not end the run.
        private static func converse(with child: Child, _ write: (String) -> Void) throws {
            for (line, answers) in [(good, 1), ("{nonsense\n", 2), (Self.line("c", "echo c"), 3), (good, 4)] {
                write(line)
                eventuallyOnThread { child.output.split(separator: "\n").count >= answers }
                #expect(child.output.split(separator: "\n").count == answers, "after \(line): \(child.errors)")
            }
            let outcomes = try child.output.split(separator: "\n").map {
                try JSONValue(parsing: String($0))["outcome"]?.string
            }
            #expect(outcomes == ["succeeded", "invalid", "succeeded", "invalid"])
        }

        @Test
        func `A reader that goes away does not stop the run`() async throws {
            try await withTree { tree in
                let out = try tree.directory.makeDirectory("home/done")
                chmod(out, 0o777)
                let tasks = (1...30).map { Self.line("n\($0)", "head -c 9000 /dev/zero; touch /out/done/\($0)") }
                    .joined()
                try tree.directory.write("home/tasks.jsonl", tasks)
                let finished = try await onThread {
                    let child = try tree.start(["run", "--file", "tasks.jsonl", "--jobs", "2", "--out", "done"])
                    eventuallyOnThread { child.output.contains("\n") }
                    child.closeOutput()
                    return child.finish()
                }
                #expect(finished.exitCode == 0, "\(finished.complaint)")
                #expect(finished.complaint.contains("stdout was closed by its reader"), "\(finished.complaint)")
                #expect(finished.complaint.contains("30 tasks: 30 succeeded"), "\(finished.complaint)")
                #expect(namesOfDirectory(out).count == 30)
            }
        }
    }
}
