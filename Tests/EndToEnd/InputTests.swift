internal import Glibc
internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// What a task's command reads from its standard input.
    @Suite(.sandboxed)
    struct InputTests {
        @Test
        func `Text streams in`() async throws {
            try await withTree { tree in
                let result = try await tree.task(["cat"], input: .text("one\ntwo"))
                #expect(result.exitCode == 0, "\(result.complaint)")
                #expect(result.text == "one\ntwo")
            }
        }

        @Test(arguments: [false, true])
        func `Five mebibytes of any bytes pass through unchanged`(fromFile: Bool) async throws {
            var random = SeededGenerator(seed: 5)
            let bytes = random.bytes(5 << 20)
            try await withTree { tree in
                let path = try tree.directory.write("home/input", bytes)
                let result = try await tree.task(["cat"], input: fromFile ? .file(path) : .bytes(bytes))
                #expect(result.exitCode == 0, "\(result.complaint)")
                // Told as a truth: to find the shortest difference of so many bytes takes for ever.
                let isSame = result.output == bytes
                #expect(isSame, "\(result.output.count) bytes")
            }
        }

        @Test
        func `What comes in arrives while more is awaited`() async throws {
            try await withTree { tree in
                try await onThread {
                    let child = try tree.start(["run", "command", "--", "cat"], input: .open)
                    child.write("ping\n")
                    eventuallyOnThread { child.output == "ping\n" }
                    #expect(child.output == "ping\n")
                    child.write("pong\n")
                    let finished = child.finish()
                    #expect(finished.text == "ping\npong\n")
                    #expect(finished.exitCode == 0)
                }
            }
        }

        @Test(arguments: [false, true])
        func `A command that does not read its input is no fault`(fromFile: Bool) async throws {
            try await withTree { tree in
                let bytes = [UInt8](repeating: 0x41, count: 5 << 20)
                let path = try tree.directory.write("home/input", bytes)
                let result = try await tree.task(["true"], input: fromFile ? .file(path) : .bytes(bytes))
                #expect(result.exitCode == 0, "\(result.complaint)")
                #expect(result.complaint == "")
            }
        }

        @Test
        func `A command may end while input is still awaited`() async throws {
            try await withTree { tree in
                try await onThread {
                    let child = try tree.start(["run", "command", "--", "echo", "done"], input: .open)
                    let finished = child.finish(within: .seconds(20), keepsInputOpen: true)
                    #expect(!finished.isOverdue)
                    #expect(finished.text == "done\n")
                }
            }
        }

        @Test(arguments: [Child.Input.closed, .empty, .bytes([])])
        func `Without input the command sees the end of file`(input: Child.Input) async throws {
            try await withTree { tree in
                let result = try await tree.task(["wc", "-c"], input: input)
                #expect(result.exitCode == 0, "\(result.complaint)")
                #expect(result.text == "0\n")
            }
        }

        @Test
        func `No input is passed on if it is not wanted`() async throws {
            try await withTree { tree in
                let result = try await tree.task(["cat"], options: ["--no-stdin"], input: .text("secret"))
                #expect(result.exitCode == 0, "\(result.complaint)")
                #expect(result.text == "")
            }
        }

        @Test
        func `The payload's own input comes before the caller's`() async throws {
            try await withTree { tree in
                let payload = #"{"command":"cat","stdin":"from the payload"}"#
                let result = try await tree.run(["run", "command", "--payload", payload], input: .text("from outside"))
                #expect(result.text == "from the payload", "\(result.complaint)")
            }
        }

        @Test
        func `A payload comes from a file or from stdin`() async throws {
            try await withTree { tree in
                let payload = #"{"command":"echo","args":["hello"]}"#
                try tree.directory.write(
                    "home/payload.json",
                    "{\n  \"command\": \"echo\",\r\n\t\"args\": [\"hello\"]\n}\n"
                )
                let file = try await tree.run(["run", "command", "--payload", "@payload.json"])
                #expect(file.text == "hello\n", "\(file.complaint)")
                let stdin = try await tree.run(["run", "command", "--payload", "-"], input: .text(payload))
                #expect(stdin.text == "hello\n", "\(stdin.complaint)")
                let missing = try await tree.run(["run", "command", "--payload", "@nowhere.json"])
                #expect(missing.exitCode == 3)
                #expect(missing.complaint.contains("@nowhere.json: No such file or directory"))
                let joined = try await tree.run(
                    ["run", "command", "--payload", "@payload.json", "--args", "and", "--args=--more"])
                #expect(joined.text == "hello and --more\n", "\(joined.complaint)")
            }
        }
    }
}
