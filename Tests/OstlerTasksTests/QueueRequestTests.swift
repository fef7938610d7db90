import OstlerJSON
import OstlerProtocol
import OstlerTasks
import Testing

private func parse(_ json: String, for purpose: TaskSpecParser.Purpose = .queue) throws(Failure) -> TaskSpec {
    var parser = TaskSpecParser(for: purpose)
    return try Array(json.utf8).withUnsafeBufferPointer { (buffer) throws(Failure) in
        try parser.parse(buffer, defaultID: "line-1")
    }
}

private func task(_ member: String) -> String {
    #"{"executor":"command","payload":{"command":"true"},\#(member)}"#
}

/// What a member of a task comes to; nil for one that is refused.
private func request(_ member: String) -> QueueRequest? { (try? parse(task(member)))?.queueing }

@Suite struct `What a task says to a queue` {
    @Test func `every member is read`() throws {
        let spec = try parse(
            task(
                #"""
                "queue":"nightly","after":["a","17",18],"needs":["gpu","zone=a"],"not_before":"2026-03-01T08:30:00Z",
                "ttl":"1h","retry":{"attempts":3,"backoff":"linear","min":"2s","max":"5s"}
                """#
            )
        )
        let request = try #require(spec.queueing)
        #expect(request.queue == "nightly")
        #expect(request.after == ["a", "17", "18"])
        #expect(request.needs == ["gpu", "zone=a"])
        #expect(request.notBefore == .at(1_772_353_800_000))
        #expect(request.timeToLive == 3_600_000)
        #expect(request.retry == RetryPolicy(attempts: 3, backoff: .linear, least: 2000, most: 5000))
    }

    @Test func `a task that says nothing has no request`() throws {
        #expect(try parse(#"{"executor":"command","payload":{}}"#).queueing == nil)
    }

    @Test func `a number of tries is enough`() {
        #expect(request(#""retry":4"#)?.retry == RetryPolicy(attempts: 4))
        #expect(request(#""retry":{}"#)?.retry == RetryPolicy())
        #expect(request(#""retry":{"max":"100ms"}"#)?.retry == RetryPolicy(least: 100, most: 100))
        #expect(request(#""retry":{"min":"2m"}"#)?.retry == RetryPolicy(least: 120_000, most: 120_000))
    }

    @Test func `a wait counts from the submission`() throws {
        let start = try #require(request(#""not_before":"10m""#)?.notBefore)
        #expect(start == .later(600_000))
        #expect(start.moment(from: 5) == 600_005)
        #expect(QueueRequest.Start.at(7).moment(from: 5) == 7)
    }

    @Test(arguments: [
        (#""queue":"two words""#, "invalid_word", "/queue"),
        (#""queue":"""#, "invalid_word", "/queue"),
        (#""needs":["gpu","a b"]"#, "invalid_word", "/needs/1"),
        (#""needs":"gpu""#, "wrong_type", "/needs"),
        (#""after":"a""#, "wrong_type", "/after"),
        (#""after":[""]"#, "invalid_id", "/after/0"),
        (#""not_before":"soon""#, "invalid_time", "/not_before"),
        (#""not_before":5"#, "wrong_type", "/not_before"),
        (#""ttl":"0s""#, "invalid_duration", "/ttl"),
        (#""retry":0"#, "out_of_range", "/retry"),
        (#""retry":{"attempts":1001}"#, "out_of_range", "/retry/attempts"),
        (#""retry":{"backoff":"linaer"}"#, "not_in_enum", "/retry/backoff"),
        (#""retry":{"min":"5s","max":"4s"}"#, "invalid_duration", "/retry/min"),
        (#""retry":{"tries":3}"#, "unknown_member", "/retry/tries"),
        (#""retry":"3""#, "wrong_type", "/retry"),
        (#""quue":"a""#, "unknown_member", "/quue"),
    ])
    func `what is wrong is told with its place`(member: String, code: String, pointer: String) throws {
        let failure = #expect(throws: Failure.self) { try parse(task(member)) }
        #expect(failure?.code == code)
        #expect(failure?.pointer?.description == pointer)
    }

    @Test func `a null switches tries off, whatever is said for all tasks`() throws {
        for (member, attempts) in [(#""retry":null"#, 1), (#""retry":1"#, 1), (#""retry":2"#, 5), (#""ttl":"1h""#, 5)] {
            var request = try #require(try parse(task(member)).queueing)
            request.inherit(RetryPolicy(attempts: 5))
            #expect(request.retry?.attempts == attempts, "\(member)")
        }
        #expect(try parse(task(#""retry":3"#), for: .run).queueing?.retry?.attempts == 3)
    }

    @Test(arguments: QueueRequest.members.filter { $0 != "retry" })
    func `a task that is run at once has no use for it`(member: String) throws {
        let failure = #expect(throws: Failure.self) { try parse(task("\"\(member)\":1"), for: .run) }
        #expect(failure?.code == "queue_member")
        #expect(failure?.hint?.contains("ostler submit") == true)
    }

    @Test(
        arguments: [
            ("3", RetryPolicy(attempts: 3)), ("5:constant", RetryPolicy(attempts: 5, backoff: .constant)),
            ("5:linear:2s", RetryPolicy(attempts: 5, backoff: .linear, least: 2000)),
            ("5:exponential:2m", RetryPolicy(attempts: 5, least: 120_000, most: 120_000)),
            ("5:exponential:1s:9s", RetryPolicy(attempts: 5, least: 1000, most: 9000)),
            ("0", nil), ("1001", nil), ("3:", nil), ("3:linaer", nil), ("3:linear:5s:4s", nil), ("", nil),
            ("3:linear:1s:2s:3s", nil),
        ] as [(String, RetryPolicy?)]
    )
    func `tries on a command line`(text: String, policy: RetryPolicy?) {
        #expect(RetryPolicy(text) == policy)
    }
}

@Suite struct `A task as it is kept` {
    @Test func `it is read as it was`() throws {
        let text =
            #"{"id":"t1","executor":"command","timeout":"1h30m","run_timeout":"5s","env":{"B":"2","A":"ä=b"},"#
            + #""env_mode":"clean","sandbox":{"profile":"strict","network":"none","limits":{"memory":"1GiB","#
            + #""processes":5,"cpu":"none"}},"secrets":["db",{"name":"api","as":"env","variable":"API"}],"#
            + #""idempotency_key":"k","labels":{"team":"x"},"metadata":{"a":""},"priority":-5,"#
            + #""payload":{"command":"ls", "args":["-la"]}}"#
        var writer = JSONWriter()
        try parse(text).encode(into: &writer)
        #expect(String(decoding: writer.bytes, as: UTF8.self) == text)
    }

    @Test func `the last value of a name stands`() throws {
        var spec = try parse(task(#""env":{"A":"1","B":"2"}"#))
        spec.environment.append(("A", "3"))
        var writer = JSONWriter()
        spec.encode(into: &writer)
        let read = try parse(String(decoding: writer.bytes, as: UTF8.self))
        #expect(read.environment.map { "\($0.key)=\($0.value)" } == ["B=2", "A=3"])
    }

    @Test func `what was said to the queue is no part of it`() throws {
        var writer = JSONWriter()
        try parse(task(#""queue":"q","retry":3,"after":["a"]"#)).encode(into: &writer)
        #expect(try parse(String(decoding: writer.bytes, as: UTF8.self), for: .run).queueing == nil)
    }
}
