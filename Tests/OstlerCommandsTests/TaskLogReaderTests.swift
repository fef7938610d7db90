import OstlerJSON
import OstlerProtocol
import OstlerStore
import OstlerTasks
import Testing

@testable import OstlerCommands

@Suite struct TaskLogReaderTests {
    private let desk = Desk()

    /// What a reader passed on, by descriptor.
    private final class Page {
        var streams: [Int32: [UInt8]] = [:]

        func text(_ output: Int32) -> String { String(decoding: streams[output] ?? [], as: UTF8.self) }
    }

    private func write(_ lease: Lease, _ chunks: [(String, String)]) throws {
        let pieces = chunks.map { LogChunk(stream: $0.0, bytes: Array($0.1.utf8)) }
        try desk.store.append(pieces, to: lease, at: desk.now)
    }

    private func reader(
        _ page: Page,
        _ form: TaskLogReader.Form,
        stream: String? = nil,
        cursors: [TaskID: Int64] = [:]
    ) -> TaskLogReader {
        TaskLogReader(desk.store, form, stream: stream, cursors: cursors) { bytes, output in
            page.streams[output, default: []] += bytes
        }
    }

    @Test func `each stream goes to its own, as it is`() throws {
        let task = try desk.submit()
        let lease = try desk.begin(try desk.hire())
        try write(lease, [("stdout", "a"), ("stderr", "b\u{1B}\n"), ("stdout", "c\n")])
        let page = Page()
        var raw = reader(page, .raw)
        try raw.drain(task)
        #expect(page.text(1) == "ac\n" && page.text(2) == "b\u{1B}\n")
        try raw.drain(task)
        #expect(page.text(1) == "ac\n", "nothing is passed on twice")
        let only = Page()
        var errors = reader(only, .raw, stream: "stderr")
        try errors.drain(task)
        #expect(only.text(1) == "" && only.text(2) == "b\u{1B}\n")
    }

    @Test func `lines of several tasks are whole, and bear the number of their task`() throws {
        let (first, second) = (try desk.submit(), try desk.submit())
        let worker = try desk.hire(slots: 2)
        let leases = [try desk.begin(worker), try desk.begin(worker)]
        try write(leases[0], [("stdout", "be"), ("stderr", "err\n")])
        try write(leases[1], [("stdout", "other\nhalf")])
        let page = Page()
        var lines = reader(page, .prefixed)
        try lines.drain(first)
        try lines.drain(second)
        #expect(page.text(1) == "2: other\n" && page.text(2) == "1: err\n")
        try write(leases[0], [("stdout", "gin\nnext\n")])
        try lines.drain(first)
        #expect(page.text(1) == "2: other\n1: begin\n1: next\n")
        try lines.finish()
        try lines.finish()
        #expect(page.text(1) == "2: other\n1: begin\n1: next\n2: half\n")
    }

    @Test func `pieces as JSON are numbered, and reading goes on behind one of them`() throws {
        let task = try desk.submit()
        let lease = try desk.begin(try desk.hire())
        try write(lease, [("stdout", "a"), ("stderr", "b")])
        try desk.store.append([LogChunk(stream: "stdout", bytes: [0xFF])], to: lease, at: desk.now)
        let page = Page()
        var pieces = reader(page, .json)
        try pieces.drain(task)
        let told = try page.text(1).split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) }
        #expect(told.map { $0["seq"]?.int } == [1, 2, 3])
        #expect(told.map { $0["stream"]?.string } == ["stdout", "stderr", "stdout"])
        #expect(told.map { $0["text"]?.string } == ["a", "b", nil])
        #expect(told[2]["base64"]?.string == "/w==")
        #expect(told[0]["task"]?.int == 1 && told[0]["attempt"]?.int == 1 && told[0]["time_ms"]?.int == desk.now)
        let rest = Page()
        var later = reader(rest, .json, cursors: [task: 2])
        try later.drain(task)
        #expect(rest.text(1).split(separator: "\n").count == 1)
    }

    @Test func `following ends with the outcome, and not before all was passed on`() throws {
        let task = try desk.submit {
            $0.idempotency = .pure; $0.retry = RetryPolicy(attempts: 2, least: 0, most: 0)
        }
        let worker = try desk.hire()
        let page = Page()
        var raw = reader(page, .raw)
        #expect(try !raw.follow(task))
        let first = try desk.begin(worker)
        try write(first, [("stdout", "one ")])
        try desk.finish(first, .failed, exitCode: 1)
        #expect(try !raw.follow(task))
        let second = try desk.begin(worker)
        try write(second, [("stdout", "two")])
        try desk.finish(second, .succeeded)
        #expect(try raw.follow(task))
        #expect(page.text(1) == "one two")
    }

    @Test func `a long output is passed on whole`() throws {
        let task = try desk.submit()
        let lease = try desk.begin(try desk.hire())
        for number in 0..<700 { try write(lease, [("stdout", "\(number)\n")]) }
        let page = Page()
        var raw = reader(page, .raw)
        try raw.drain(task)
        #expect(page.text(1) == (0..<700).map { "\($0)\n" }.joined())
    }
}
