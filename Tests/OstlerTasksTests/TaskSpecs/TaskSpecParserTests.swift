import OstlerJSON
import OstlerProtocol
import OstlerTasks
import OstlerTestSupport
import Testing

@Suite struct `Tasks from JSON` {
    @Test func `the least that a task can be`() throws {
        let spec = try parseTask(#"{"executor":"command","payload":{}}"#)
        #expect(spec.id == "line-1")
        #expect(spec.executor == "command")
        #expect(spec.payload == Array("{}".utf8))
        #expect(spec.timeout == nil)
        #expect(spec.environment.isEmpty)
        #expect(spec.environmentMode == .minimal)
        #expect(spec.sandbox == TaskSpec.SandboxRequest())
        #expect(spec.idempotencyKey == nil)
        #expect(spec.labels.isEmpty)
        #expect(spec.metadata.isEmpty)
        #expect(spec.priority == 0)
    }

    @Test func `every member`() throws {
        let spec = try parseTask(
            #"""
            {"id":"t1","executor":"command","timeout":"1h30m","env":{"B":"2","A":"ä=b"},"env_mode":"clean",
             "sandbox":{"profile":"strict"},"idempotency_key":"k","labels":{"team":"x"},"metadata":{"a":"","b":"\n"},
             "priority":-5,"payload":{"command":"ls","args":["-la"]}}
            """#
        )
        #expect(spec.id == "t1")
        #expect(spec.executor == "command")
        #expect(spec.timeout == 5_400_000)
        #expect(spec.environment.map(\.key) == ["B", "A"])
        #expect(spec.environment.map(\.value) == ["2", "ä=b"])
        #expect(spec.environmentMode == .clean)
        #expect(spec.sandbox.profile == "strict")
        #expect(spec.idempotencyKey == "k")
        #expect(spec.labels.map(\.key) == ["team"])
        #expect(spec.metadata.map(\.value) == ["", "\n"])
        #expect(spec.priority == -5)
        #expect(spec.payload == Array(#"{"command":"ls","args":["-la"]}"#.utf8))
    }

    @Test func `type is another word for executor`() throws {
        #expect(try parseTask(#"{"type":"http","payload":1}"#).executor == "http")
    }

    @Test func `the payload is the very bytes that were sent`() throws {
        let payload = #"{ "z":1.0e1,"a" : [ "\u0041\/" ,true ] }"#
        #expect(try parseTask(#"{"payload" :\#(payload)  ,"executor":"e"}"#).payload == Array(payload.utf8))
    }

    @Test(arguments: ["null", "[]", "\"x\"", "0", "false"])
    func `any value is a payload: whether it fits is for the schema`(_ payload: String) throws {
        #expect(try parseTask(#"{"executor":"e","payload":\#(payload)}"#).payload == Array(payload.utf8))
    }

    @Test func `names may be written with escapes`() throws {
        let spec = try parseTask(#"{"\u0065xecutor":"e","pay\u006Coad":1,"id":"\u0074\ud83d\ude00"}"#)
        #expect(spec.executor == "e")
        #expect(spec.id == "t😀")
    }

    @Test func `white space and line ends of any system around it`() throws {
        #expect(try parseTask("\r\n\t {\r\n\"executor\":\"e\",\r\n\"payload\":1}\r\n\r\n").executor == "e")
    }

    @Test func `a timeout of null is none`() throws {
        #expect(try parseTask(taskText(#""timeout":null"#)).timeout == .some(.some(nil)))
        #expect(try parseTask(taskText(#""timeout":null"#)).runTimeout == nil)
        #expect(try parseTask(taskText(#""run_timeout":"2s","timeout":"1m""#)).runTimeout == 2_000)
    }

    @Test(
        arguments: [
            ("250ms", 250), ("30s", 30_000), ("5m", 300_000), ("1h30m", 5_400_000), ("1d", 86_400_000), ("1ms", 1),
        ] as [(String, Int64)]
    )
    func `durations`(_ text: String, _ milliseconds: Int64) throws {
        #expect(try parseTask(taskText(#""timeout":"\#(text)""#)).timeout == milliseconds)
    }

    @Test(arguments: ["1", "-1", "0", "9223372036854775807", "-9223372036854775808", "1e3", "2.0"])
    func `whole numbers are priorities however they are written`(_ number: String) throws {
        #expect(
            try parseTask(taskText(#""priority":\#(number)"#)).priority == Int64(number) ?? (number == "1e3" ? 1000 : 2)
        )
    }

    @Test func `the longest id`() throws {
        let id = String(repeating: "ä", count: 100)
        #expect(try parseTask(taskText(#""id":"\#(id)""#)).id == id)
    }

    @Test func `a payload of a mebibyte`() throws {
        let text = String(repeating: "x", count: 1 << 20)
        let spec = try parseTask(#"{"executor":"e","payload":"\#(text)"}"#)
        #expect(spec.payload.count == 1 << 20 + 2)
    }

    @Test func `a payload as deep as a frame can carry it, and one level deeper`() throws {
        func nested(_ depth: Int) -> String {
            #"{"executor":"e","payload":"# + String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
                + "}"
        }
        let most = TaskSpec.maximumPayloadDepth
        #expect(try parseTask(nested(most)).payload.count == 2 * most)
        let failure = #expect(throws: Failure.self) { try parseTask(nested(most + 1)) }
        #expect(failure?.code == "payload_too_deep")
        #expect(failure?.pointer == JSONPointer("/payload"))
        let deeper = #expect(throws: Failure.self) { try parseTask(nested(JSONReader.maximumDepth)) }
        #expect(deeper?.message.contains("nesting deeper than 64 levels") == true)
    }

    @Test func `one parser reads many tasks`() throws {
        var parser = TaskSpecParser()
        for number in 0..<100 {
            let good = Array(#"{"executor":"e","payload":{"n":\#(number)}}"#.utf8)
            let bad = Array(#"{"executor":"e","payload":{"n":1,"n":2}}"#.utf8)
            let id = try good.withUnsafeBufferPointer { try parser.parse($0, defaultID: "t\(number)").id }
            #expect(id == "t\(number)")
            #expect(throws: Failure.self) {
                try bad.withUnsafeBufferPointer { _ = try parser.parse($0, defaultID: "x") }
            }
        }
    }
}
