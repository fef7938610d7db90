import OstlerJSON
import OstlerProtocol
import OstlerTasks
import OstlerTestSupport
import Testing

@Suite struct `Text that is no task` {
    @Test(arguments: [
        TaskRefusal("", "invalid_json", nil, "not JSON: the text ends in the middle of a value, at byte 1"),
        TaskRefusal("{", "invalid_json", nil, "not JSON: the text ends in the middle of a value, at byte 2"),
        TaskRefusal(
            "\u{FEFF}{}",
            "invalid_json",
            nil,
            "not JSON: a character that JSON does not allow here, at byte 1"
        ),
        TaskRefusal("{} {}", "invalid_json", nil, "not JSON: something after the end of the value, at byte 4"),
        TaskRefusal("{}\0", "invalid_json", nil, "not JSON: something after the end of the value, at byte 3"),
        TaskRefusal("{\0}", "invalid_json", nil, "not JSON: a character that JSON does not allow here, at byte 2"),
        TaskRefusal(
            "{\"id\":\"a\nb\"}",
            "invalid_json",
            nil,
            "not JSON: a control character inside a string, which must be escaped, at byte 9"
        ),
        TaskRefusal("{'id':1}", "invalid_json", nil, "not JSON: a character that JSON does not allow here, at byte 2"),
        TaskRefusal(
            #"{"id":"a","id":"b"}"#,
            "invalid_json",
            nil,
            "not JSON: the same member twice in one object, at byte 11"
        ),
        TaskRefusal(
            #"{"id":"a","\u0069d":"b"}"#,
            "invalid_json",
            nil,
            "not JSON: the same member twice in one object, at byte 11"
        ),
        TaskRefusal(
            #"{"executor":"e","payload":{"a":{"b":1,"b":2}}}"#,
            "invalid_json",
            nil,
            "not JSON: the same member twice in one object, at byte 39"
        ),
        TaskRefusal(
            #"{"id":"\ud800"}"#,
            "invalid_json",
            nil,
            "not JSON: an escape sequence that JSON does not have, or half a surrogate pair, at byte 8"
        ),
        TaskRefusal(#"{"priority":01}"#, "invalid_json", nil, "not JSON: a malformed number, at byte 14"),
        TaskRefusal(
            #"{"id":tru}"#,
            "invalid_json",
            nil,
            "not JSON: a character that JSON does not allow here, at byte 10"
        ),
    ])
    func `text that is not JSON, with the byte where it goes wrong`(_ row: TaskRefusal) { row.check() }

    @Test func `bytes that are not UTF-8`() {
        let failure = #expect(throws: Failure.self) { try parseTask([0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D]) }
        #expect(failure?.code == "invalid_json")
        #expect(failure?.message == "not JSON: bytes that are not valid UTF-8, at byte 3")
    }

    @Test(arguments: 0..<100)
    func `damaged text is refused or read, and never a crash`(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let good = Array(
            taskText(#""id":"t1","timeout":"5s","env":{"A":"b"},"sandbox":{"profile":"strict"},"priority":1"#).utf8
        )
        for _ in 0..<50 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: place)
                default: bytes = Array(bytes[..<place])
                }
                guard !bytes.isEmpty else { break }
            }
            guard let spec = try? parseTask(bytes) else { continue }
            #expect(!spec.executor.isEmpty)
            #expect(!spec.payload.isEmpty)
            #expect((1...200).contains(spec.id.utf8.count))
        }
    }

    @Test func `a task that is cut off anywhere is refused`() {
        let good = Array(taskText(#""id":"t1","timeout":"5s""#).utf8)
        for end in 0..<good.count {
            let failure = #expect(throws: Failure.self, "cut at \(end)") { try parseTask(Array(good[..<end])) }
            #expect(failure?.code == "invalid_json", "cut at \(end)")
        }
    }
}
