import OstlerJSON
import OstlerProtocol
import OstlerTasks
import Testing

private func json(_ result: TaskResult) -> String {
    var writer = JSONWriter()
    result.encode(into: &writer)
    return String(decoding: writer.bytes, as: UTF8.self)
}

@Suite struct `Results as JSON` {
    private static let origin = TaskOrigin(runID: "r1", principal: "ann")
    private static let silence = #"{"text":"","bytes":0,"truncated":false}"#

    @Test func `a result with nothing to tell`() {
        let result = TaskResult(id: "t1", origin: Self.origin, executor: "command", outcome: .succeeded)
        #expect(
            json(result)
                == #"{"id":"t1","run_id":"r1","principal":"ann","executor":"command","outcome":"succeeded","exit_code":0,"#
                + #""output":\#(Self.silence),"stderr":\#(Self.silence),"changed":true,"metadata":{},"attempts":1,"#
                + #""timing":{"submitted_ms":0,"queued_us":0,"running_us":0}}"#
        )
    }

    @Test func `a result with everything`() {
        var result = TaskResult(
            id: "t\"1",
            origin: TaskOrigin(runID: "r1", parentID: "t0", principal: "ann"),
            executor: "command",
            outcome: .timeout,
            exitCode: -1
        )
        result.signal = 15
        result.output.append(Array("out\n".utf8))
        result.errorOutput.append([0xFF])
        result.error = Failure("timeout", fault: .task, sideEffects: .possible, message: "m")
        result.executorStderr = "panic\n"
        result.cancellation = .init(reason: "timeout", stage: .killed, survivors: "none")
        result.metadata = [("b", "2"), ("a", "1")]
        result.executorMetadata = Array(#"{"pid":1}"#.utf8)
        result.attempts = 2
        result.timing.submitted = 1_700_000_000_000
        result.timing.queued = 5
        result.timing.running = 6
        result.usage = .init(user: 1, system: 2, wall: 3, peak: 4)
        result.isolation = Array(#"{"profile":"strict"}"#.utf8)
        result.plugin = .init(name: "command", version: "0.1.0")
        #expect(
            json(result)
                == #"{"id":"t\"1","run_id":"r1","parent_id":"t0","principal":"ann","executor":"command","outcome":"timeout","#
                + #""exit_code":-1,"signal":15,"output":{"text":"out\n","bytes":4,"truncated":false},"#
                + #""stderr":{"base64":"/w==","bytes":1,"truncated":false},"changed":true,"#
                + #""error":{"code":"timeout","fault":"task","retry":"never","side_effects":"possible","message":"m"},"#
                + #""executor_stderr":"panic\n","cancel":{"reason":"timeout","stage":"kill","survivors":"none"},"#
                + #""metadata":{"b":"2","a":"1"},"executor_metadata":{"pid":1},"attempts":2,"#
                + #""timing":{"submitted_ms":1700000000000,"queued_us":5,"running_us":6},"#
                + #""usage":{"user_us":1,"system_us":2,"wall_us":3,"peak_bytes":4},"#
                + #""isolation":{"profile":"strict"},"plugin":{"name":"command","version":"0.1.0"}}"#
        )
        #expect(throws: Never.self) { try JSONValue(parsing: json(result)) }
    }

    @Test func `a cancel before anything ran has no stage, an empty stderr is not told`() {
        var result = TaskResult(id: "t1", origin: Self.origin, executor: "e", outcome: .cancelled, exitCode: -1)
        result.cancellation = .init(reason: "requested", stage: nil, survivors: "none")
        result.executorStderr = ""
        let text = json(result)
        #expect(text.contains(#""cancel":{"reason":"requested","survivors":"none"}"#))
        #expect(!text.contains("executor_stderr"))
    }

    @Test(
        arguments: [
            (.succeeded, nil, true), (.failed, nil, true), (.partial, nil, true), (.skipped, nil, false),
            (.invalid, nil, false), (.denied, nil, false), (.expired, nil, false), (.dependencyFailed, nil, false),
            (.timeout, Failure.SideEffects.none, false), (.timeout, .possible, true),
            (.cancelled, Failure.SideEffects.none, false),
            (.cancelled, .done, true), (.limit, .possible, true), (.executorCrash, nil, true), (.lost, .possible, true),
            (.sandboxError, Failure.SideEffects.none, false), (.infra, nil, true), (.executorProtocol, .possible, true),
        ] as [(Outcome, Failure.SideEffects?, Bool)]
    )
    func `whether something changed is told with care`(
        _ outcome: Outcome,
        _ effects: Failure.SideEffects?,
        _ changed: Bool
    ) {
        var result = TaskResult(id: "t", origin: Self.origin, executor: "e", outcome: outcome)
        result.error = effects.map { Failure("c", fault: .host, sideEffects: $0, message: "") }
        #expect(result.changed == changed)
    }
}
