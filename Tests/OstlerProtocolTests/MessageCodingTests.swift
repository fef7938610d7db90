import OstlerJSON
import OstlerProtocol
import Testing

@Suite struct `Messages as JSON` {
    // MARK: initialize

    @Test func `initialize carries the versions, the limits and the config`() throws {
        let request = InitializeRequest(
            versions: ProtocolVersions(min: 0, max: 2),
            host: "ostler 0.1.0",
            maximumFrameBytes: 1_048_576,
            config: ["command": ["allowed_commands": ["ls", "cat"]]],
            launch: true
        )
        try checkCoding(
            request,
            json: #"{"protocol":{"min":0,"max":2},"host":"ostler 0.1.0","max_frame_bytes":1048576,"launch":true,"#
                + #""config":{"command":{"allowed_commands":["ls","cat"]}}}"#
        )
        try checkRequired([], of: request)
        #expect(InitializeRequest.method.description == "initialize")
    }

    @Test func `an empty initialize means the defaults`() throws {
        let request = try decoded(InitializeRequest.self, "{}")
        #expect(
            request
                == InitializeRequest(host: "", maximumFrameBytes: 1 << 20, config: .object(JSONObject()), launch: false)
        )
    }

    @Test func `the answer to initialize names the plugin and what it serves`() throws {
        let result = InitializeResult(
            version: 0,
            name: "command",
            pluginVersion: "1.2.3",
            executors: ["command", "sh"]
        )
        try checkCoding(
            result,
            json: #"{"protocol":0,"name":"command","version":"1.2.3","executors":["command","sh"]}"#
        )
        try checkRequired(["protocol", "name", "executors"], of: result)
        let idle = InitializeResult(version: 1, name: "x", pluginVersion: "", executors: [])
        try checkCoding(idle, json: #"{"protocol":1,"name":"x","version":"","executors":[]}"#)
    }

    @Test(arguments: [
        #"{"protocol":"0","name":"x","executors":[]}"#, #"{"protocol":0.5,"name":"x","executors":[]}"#,
        #"{"protocol":0,"name":5,"executors":[]}"#, #"{"protocol":0,"name":"x","executors":"command"}"#,
        #"{"protocol":0,"name":"x","executors":[1]}"#, #"{"protocol":0,"name":"x","executors":null}"#,
    ])
    func `members of another type are refused`(_ json: String) {
        let error = #expect(throws: JSONError.self) { try decoded(InitializeResult.self, json) }
        #expect(error?.code == .wrongType)
    }

    // MARK: execute

    @Test func `execute with nothing but what must be there`() throws {
        let request = ExecuteRequest(
            task: "t1",
            executor: "command",
            runID: "r1",
            principal: "me",
            payload: Array(#"{"command":"true"}"#.utf8)
        )
        try checkCoding(
            request,
            json: #"{"task":"t1","executor":"command","run_id":"r1","principal":"me","attempt":1,"#
                + #""payload":{"command":"true"}}"#
        )
        try checkRequired(["task", "executor", "payload"], of: request)
        #expect(ExecuteRequest.method.description == "execute")
    }

    @Test func `execute with everything`() throws {
        var request = ExecuteRequest(
            task: "t/1",
            executor: "http",
            runID: "01J",
            principal: "ann",
            payload: Array(#"{"url":"https://example.com/","n":1.5}"#.utf8)
        )
        request.parentID = "t0"
        request.attempt = 3
        request.idempotencyKey = "k"
        request.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        request.deadline = 1_700_000_000_123
        request.remaining = 29_999
        request.launch = 77
        request.hasStdin = true
        request.environment = [("A", "1"), ("B", "two\nlines")]
        request.metadata = [("team", "x")]
        try checkCoding(
            request,
            json: #"{"task":"t/1","executor":"http","run_id":"01J","parent_id":"t0","principal":"ann","attempt":3,"#
                + #""idempotency_key":"k","traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","#
                + #""deadline":1700000000123,"remaining_ms":29999,"launch":77,"stdin":true,"#
                + #""env":{"A":"1","B":"two\nlines"},"metadata":{"team":"x"},"#
                + #""payload":{"url":"https://example.com/","n":1.5}}"#
        )
    }

    @Test func `the payload is the very bytes that were sent`() throws {
        let payload = #"{ "b" : 1.0e0, "a":[ 1,2 ] , "s":"\u0041é" }"#
        let request = try decoded(ExecuteRequest.self, #"{"payload":\#(payload) ,"executor":"e","task":"t"}"#)
        #expect(String(decoding: request.payload, as: UTF8.self) == payload)
        #expect(encoded(request).hasSuffix(#""payload":\#(payload)}"#))
    }

    @Test(arguments: ["null", "0", "\"\"", "[]", "{}"])
    func `any JSON value can be a payload`(_ payload: String) throws {
        let request = try decoded(ExecuteRequest.self, #"{"task":"t","executor":"e","payload":\#(payload)}"#)
        #expect(request.payload == Array(payload.utf8))
    }

    @Test func `the result of a task that succeeded`() throws {
        let result = ExecuteResult(task: "t1", outcome: .succeeded, exitCode: 0)
        try checkCoding(result, json: #"{"task":"t1","outcome":"succeeded","exit_code":0}"#)
        try checkRequired(["task", "outcome"], of: result)
    }

    @Test func `the result of a task that was killed, with all that is known`() throws {
        var result = ExecuteResult(task: "t1", outcome: .failed, exitCode: -1)
        result.signal = 9
        result.usage = .init(user: 1, system: 2, wall: 3, peak: 4096)
        result.error = Failure("killed", fault: .task, sideEffects: .possible, message: "killed by signal 9")
        result.metadata = Array(#"{"pid":12}"#.utf8)
        try checkCoding(
            result,
            json: #"{"task":"t1","outcome":"failed","exit_code":-1,"signal":9,"#
                + #""usage":{"user_us":1,"system_us":2,"wall_us":3,"peak_bytes":4096},"#
                + #""error":{"code":"killed","fault":"task","retry":"never","side_effects":"possible","#
                + #""message":"killed by signal 9"},"metadata":{"pid":12}}"#
        )
    }

    @Test(arguments: ["partial", "skipped", "SUCCEEDED", "", "succeeded "])
    func `an outcome that a plugin cannot have is refused`(_ word: String) {
        let error = #expect(throws: JSONError.self) {
            try decoded(ExecuteResult.self, #"{"task":"t","outcome":"\#(word)","exit_code":0}"#)
        }
        #expect(error?.code == .wrongType)
    }

    @Test(arguments: [
        #""exit_code":4294967296"#, #""exit_code":-2"#, #""exit_code":0.5"#, #""signal":0"#, #""signal":128"#,
        #""signal":-9223372036854775808"#,
    ])
    func `an end that no command has is refused, never cut to size`(_ member: String) {
        let error = #expect(throws: JSONError.self) {
            try decoded(ExecuteResult.self, #"{"task":"t","outcome":"failed",\#(member)}"#)
        }
        #expect(error?.code == .wrongType)
    }

    @Test func `measures that do not fit are clamped, never wrapped`() throws {
        let result = try decoded(
            ExecuteResult.self,
            #"{"task":"t","outcome":"failed","exit_code":2147483647,"signal":127,"#
                + #""usage":{"user_us":-1,"system_us":0,"wall_us":0,"peak_bytes":9223372036854775807}}"#
        )
        #expect(result.exitCode == .max)
        #expect(result.signal == 127)
        #expect(result.usage == .init(user: 0, system: 0, wall: 0, peak: UInt64(Int64.max)))
    }

    // MARK: cancel

    @Test(arguments: [
        (CancelRequest.Reason.requested, "requested"), (.timeout, "timeout"), (.limit, "limit"),
        (.shutdown, "shutdown"),
    ])
    func `cancel says why`(_ reason: CancelRequest.Reason, _ word: String) throws {
        let request = CancelRequest(task: "t1", reason: reason, grace: 2000)
        try checkCoding(request, json: #"{"task":"t1","reason":"\#(word)","grace_ms":2000}"#)
        try checkRequired(["task"], of: request)
        #expect(CancelRequest.method.description == "cancel")
    }

    @Test func `a reason from the future is a request like any other`() throws {
        #expect(try decoded(CancelRequest.self, #"{"task":"t","reason":"boredom"}"#).reason == .requested)
    }

    @Test(arguments: [
        (CancelResult.State.cancelling, "cancelling"), (.unknown, "unknown"), (.tooLate, "too_late"),
    ])
    func `the answer to cancel`(_ state: CancelResult.State, _ word: String) throws {
        try checkCoding(CancelResult(state: state), json: #"{"state":"\#(word)"}"#)
        try checkRequired(["state"], of: CancelResult(state: state))
    }

    @Test func `an unknown state of a cancel is refused`() {
        #expect(throws: JSONError.self) { try decoded(CancelResult.self, #"{"state":"maybe"}"#) }
    }

    // MARK: health, shutdown

    @Test(arguments: [
        (HealthResult.Status.healthy, "healthy"), (.degraded, "degraded"), (.unhealthy, "unhealthy"),
    ])
    func `health with and without detail`(_ status: HealthResult.Status, _ word: String) throws {
        try checkCoding(HealthResult(status: status), json: #"{"status":"\#(word)"}"#)
        try checkCoding(
            HealthResult(status: status, detail: "disk \"full\""),
            json: #"{"status":"\#(word)","detail":"disk \"full\""}"#
        )
        try checkRequired(["status"], of: HealthResult(status: status, detail: "x"))
    }

    @Test func `an unknown health is refused`() {
        #expect(throws: JSONError.self) { try decoded(HealthResult.self, #"{"status":"fine"}"#) }
    }

    @Test func `health and shutdown are methods without parameters`() {
        #expect(HealthRequest.method.description == "health")
        #expect(ShutdownRequest.method.description == "shutdown")
    }

    // MARK: progress, log

    @Test func `progress`() throws {
        var progress = ProgressNotification(task: "t1", value: 3)
        try checkCoding(progress, json: #"{"task":"t1","value":3}"#)
        progress.value = 0.25
        progress.total = 1
        progress.unit = "files"
        progress.message = "copying"
        try checkCoding(
            progress,
            json: #"{"task":"t1","value":0.25,"total":1,"unit":"files","message":"copying"}"#
        )
        #expect(ProgressNotification.method.description == "progress")
    }

    @Test(arguments: [
        (LogNotification.Level.debug, "debug"), (.info, "info"), (.warning, "warning"), (.error, "error"),
    ])
    func `log`(_ level: LogNotification.Level, _ word: String) throws {
        try checkCoding(
            LogNotification(level: level, message: "m"),
            json: #"{"level":"\#(word)","message":"m"}"#
        )
        try checkCoding(
            LogNotification(level: level, message: "", task: "t"),
            json: #"{"level":"\#(word)","message":"","task":"t"}"#
        )
        #expect(try decoded(LogNotification.self, #"{"level":"trace","message":"m"}"#).level == .info)
        #expect(LogNotification.method.description == "log")
    }
}

@Suite struct `Output notifications` {
    @Test func `text goes as text`() throws {
        let output = OutputNotification(task: "t1", stream: .stdout, sequence: 0, bytes: Array("Grüße\n\u{7F}\0".utf8))
        try checkCoding(
            output,
            json: #"{"task":"t1","stream":"stdout","seq":0,"text":"Grüße\n\u007f\u0000"}"#
        )
        try checkRequired(["task", "stream", "text"], of: output)
        #expect(OutputNotification.method.description == "output")
    }

    @Test func `bytes that are no text go as base64`() throws {
        let output = OutputNotification(task: "t1", stream: .stderr, sequence: 12, bytes: [0xFF, 0x00, 0xFE])
        try checkCoding(output, json: #"{"task":"t1","stream":"stderr","seq":12,"base64":"/wD+"}"#)
        try checkRequired(["task", "stream", "base64"], of: output)
    }

    @Test func `base64 with escaped slashes, as some encoders write it, is the same base64`() throws {
        let output = try decoded(OutputNotification.self, #"{"task":"t","stream":"stdout","base64":"\/wD\u002b"}"#)
        #expect(output.bytes == [0xFF, 0x00, 0xFE])
    }

    @Test func `empty output is allowed`() throws {
        let output = OutputNotification(task: "t", stream: .stdout, sequence: 1, bytes: [])
        try checkCoding(output, json: #"{"task":"t","stream":"stdout","seq":1,"text":""}"#)
    }

    @Test(arguments: [
        #"{"task":"t","stream":"stdout","seq":0,"text":"a","base64":"YQ=="}"#,
        #"{"task":"t","stream":"stdin","seq":0,"text":"a"}"#,
        #"{"task":"t","stream":"stdout","seq":0,"base64":"YQ"}"#,
        #"{"task":"t","stream":"stdout","seq":0,"base64":"Y!=="}"#,
        #"{"task":"t","stream":"stdout","seq":0,"base64":"YR=="}"#,
        #"{"task":"t","stream":"stdout","seq":0,"base64":7}"#,
        #"{"task":"t","stream":"stdout","seq":0,"text":null}"#,
    ])
    func `what is not exactly one piece of a known stream is refused`(_ json: String) {
        let error = #expect(throws: JSONError.self) { try decoded(OutputNotification.self, json) }
        #expect(error?.code == .wrongType)
    }

    @Test func `a frame carries 64 KiB and not a byte more`() throws {
        let most = [UInt8](repeating: UInt8(ascii: "x"), count: OutputNotification.maximumBytes)
        let fits = OutputNotification(task: "t", stream: .stdout, sequence: 0, bytes: most)
        #expect(try decoded(OutputNotification.self, encoded(fits)) == fits)
        for extra in [UInt8(ascii: "x"), 0xFF] {
            let tooLong = OutputNotification(task: "t", stream: .stdout, sequence: 0, bytes: most + [extra])
            #expect(throws: JSONError.self) { try decoded(OutputNotification.self, encoded(tooLong)) }
        }
    }
}
