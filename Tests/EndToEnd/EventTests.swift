internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// `run --events`.
    @Suite(.sandboxed)
    struct EventTests {
        @Test func `One task: it starts, it writes, and its result is the last that is told`() async throws {
            try await withTree { tree in
                let script = "echo one; echo two >&2; printf '\\377'"
                let finished = try await tree.task(["sh", "-c", script], options: ["--events"])
                #expect(finished.exitCode == 0, "\(finished.complaint)")
                let events = try finished.results()
                #expect(events.first?["event"]?.string == "started")
                #expect(events.last?["event"]?.string == "result")
                #expect(events.last?["result"]?["outcome"]?.string == "succeeded")
                func written(_ stream: String) -> [UInt8] {
                    events.filter { $0["stream"]?.string == stream }.flatMap(\.streamBytes)
                }
                #expect(written("stdout") == Array("one\n".utf8) + [0xFF])
                #expect(written("stderr") == Array("two\n".utf8))
                #expect(events.allSatisfy { $0["task"]?.string == events[0]["task"]?.string && $0["time_ms"] != nil })
            }
        }

        @Test func `Many tasks: each line says which task it is of`() async throws {
            try await withTree { tree in
                let lines = (0..<20).map { number in
                    #"{"id":"n\#(number)","executor":"command","payload":{"command":"echo","args":["\#(number)"]}}"#
                }
                try tree.directory.write("home/tasks.jsonl", lines.joined(separator: "\n") + "\n{}\n")
                let finished = try await tree.run(["run", "--file", "tasks.jsonl", "--keep-going", "--events"])
                let events = try finished.results()
                for number in 0..<20 {
                    let own = events.filter { $0["task"]?.string == "n\(number)" }
                    #expect(own.map { $0["event"]?.string } == ["started", "output", "result"])
                    #expect(own.count == 3 && own[1]["text"]?.string == "\(number)\n")
                }
                #expect(events.count { $0["event"]?.string == "result" } == 21)
            }
        }

        @Test func `A task that is refused has a result as its one event`() async throws {
            try await withTree { tree in
                let finished = try await tree.run(["run", "comand", "--events", "--payload", "{}"])
                #expect(finished.exitCode == 3)
                let events = try finished.results()
                #expect(events.map { $0["event"]?.string } == ["result"])
                #expect(events.first?["result"]?["error"]?["code"]?.string == "unknown_executor")
            }
        }
    }
}
