import OstlerJSON
import OstlerProtocol
import Testing

@Suite struct `Failures as JSON` {
    private static let least = Failure("timeout", fault: .task, message: "too slow")

    private static let most: Failure = {
        var failure = Failure(
            "limit_memory",
            fault: .task,
            retry: .otherNode,
            sideEffects: .done,
            message: "the limit was reached",
            pointer: JSONPointer("/payload/args/0"),
            limit: .init(name: "memory", limit: 1 << 30, observed: UInt64(Int64.max)),
            hint: "raise it"
        )
        failure.doc = "reference/limits.md"
        return failure
    }()

    @Test func `without anything that can be left out`() throws {
        try checkCoding(
            Self.least,
            json: #"{"code":"timeout","fault":"task","retry":"never","side_effects":"none","message":"too slow"}"#
        )
        try checkRequired([], of: Self.least)
    }

    @Test func `with everything`() throws {
        try checkCoding(
            Self.most,
            json: #"{"code":"limit_memory","fault":"task","retry":"other_node","side_effects":"done","#
                + #""message":"the limit was reached","pointer":"/payload/args/0","#
                + #""limit":{"name":"memory","limit":1073741824,"observed":9223372036854775807},"#
                + #""hint":"raise it","doc":"reference/limits.md"}"#
        )
        try checkRequired([], of: Self.most)
    }

    @Test(arguments: [
        (Failure.Fault.user, "user"), (.task, "task"), (.executor, "executor"), (.host, "host"), (.sandbox, "sandbox"),
        (.infra, "infra"),
    ])
    func `every fault`(_ fault: Failure.Fault, _ word: String) throws {
        #expect(try decoded(Failure.self, encoded(Failure("c", fault: fault, message: ""))).fault == fault)
        #expect(fault.rawValue == word)
    }

    @Test(arguments: [
        (Failure.Retry.never, "never"), (.same, "same"), (.otherNode, "other_node"), (.after, "after"),
    ])
    func `every retry`(_ retry: Failure.Retry, _ word: String) throws {
        #expect(
            try decoded(Failure.self, encoded(Failure("c", fault: .host, retry: retry, message: ""))).retry == retry
        )
        #expect(retry.rawValue == word)
    }

    @Test func `what is left out or unknown gets the most careful value`() throws {
        let careful = Failure("executor_error", fault: .executor, retry: .never, sideEffects: .possible, message: "")
        #expect(try decoded(Failure.self, "{}") == careful)
        #expect(try decoded(Failure.self, #"{"fault":"gremlins","retry":"always","side_effects":"many"}"#) == careful)
    }

    @Test(arguments: [
        #"{"code":-32000,"message":"outer","data":{"code":"command_failed","fault":"task"}}"#,
        #"{"data":{"code":"command_failed","fault":"task"},"message":"outer","code":-32000}"#,
        #"{"message":"outer","data":{"fault":"task","code":"command_failed"},"code":-32000}"#,
    ])
    func `an error of JSON-RPC has the shape in its data`(_ json: String) throws {
        let failure = try decoded(Failure.self, json)
        #expect(failure == Failure("command_failed", fault: .task, sideEffects: .possible, message: "outer"))
    }

    @Test(arguments: [
        #"{"code":-32000,"message":"outer","data":{"message":"inner","code":"c"}}"#,
        #"{"data":{"message":"inner","code":"c"},"message":"outer","code":-32000}"#,
    ])
    func `the message of the data is the better one, whatever the order`(_ json: String) throws {
        #expect(try decoded(Failure.self, json).message == "inner")
    }

    @Test(arguments: ["null", "\"text\"", "[1]", "5"])
    func `data of another type is not ours`(_ data: String) throws {
        let failure = try decoded(Failure.self, #"{"code":-32603,"message":"Internal error","data":\#(data)}"#)
        #expect(
            failure == Failure("executor_error", fault: .executor, sideEffects: .possible, message: "Internal error")
        )
    }

    @Test(arguments: [
        #"{"message":5}"#, #"{"fault":null}"#, #"{"limit":"memory"}"#, #"{"limit":{"limit":1.5}}"#, #"{"hint":[]}"#,
    ])
    func `members of another type are refused`(_ json: String) {
        let error = #expect(throws: JSONError.self) { try decoded(Failure.self, json) }
        #expect(error?.code == .wrongType)
    }

    @Test func `a limit may lack parts and never goes below zero`() throws {
        let failure = try decoded(Failure.self, #"{"limit":{"observed":-5,"x":1}}"#)
        #expect(failure.limit == .init(name: "", limit: 0, observed: 0))
    }
}

@Suite struct `Protocol versions` {
    struct Row: CustomTestStringConvertible, Sendable {
        let host: (Int, Int)
        let plugin: (Int, Int)
        let chosen: Int?
        var testDescription: String { "host \(host), plugin \(plugin)" }
    }

    @Test(arguments: [
        Row(host: (0, 0), plugin: (0, 0), chosen: 0), Row(host: (0, 3), plugin: (1, 2), chosen: 2),
        Row(host: (1, 2), plugin: (0, 3), chosen: 2), Row(host: (0, 2), plugin: (2, 5), chosen: 2),
        Row(host: (2, 5), plugin: (0, 2), chosen: 2), Row(host: (0, 1), plugin: (2, 3), chosen: nil),
        Row(host: (2, 3), plugin: (0, 1), chosen: nil), Row(host: (0, 9), plugin: (5, 4), chosen: nil),
    ])
    func `the highest that both speak`(_ row: Row) {
        let host = ProtocolVersions(min: row.host.0, max: row.host.1)
        let plugin = ProtocolVersions(min: row.plugin.0, max: row.plugin.1)
        #expect(host.negotiate(with: plugin) == row.chosen)
        #expect(plugin.negotiate(with: host) == row.chosen)
    }

    @Test(arguments: 0..<7, 0..<7)
    func `negotiation finds a version exactly if there is one`(_ first: Int, _ second: Int) {
        for firstMax in first..<7 {
            for secondMax in second..<7 {
                let (one, other) = (
                    ProtocolVersions(min: first, max: firstMax), ProtocolVersions(min: second, max: secondMax)
                )
                let common = Set(first...firstMax).intersection(second...secondMax)
                #expect(one.negotiate(with: other) == common.max())
            }
        }
    }

    @Test func `a refusal names both ranges and who must move`() {
        let host = ProtocolVersions(min: 2, max: 4)
        #expect(
            host.refusal(ofPlugin: ProtocolVersions(min: 0, max: 1))
                == "the plugin speaks protocol 0 to 1, the host 2 to 4: upgrade the plugin"
        )
        #expect(
            host.refusal(ofPlugin: ProtocolVersions(min: 5, max: 5))
                == "the plugin speaks protocol 5, the host 2 to 4: upgrade the host, or install an older plugin"
        )
    }

    @Test func `ranges read as a person says them, and travel as objects`() throws {
        #expect("\(ProtocolVersions(min: 1, max: 1))" == "1")
        #expect("\(ProtocolVersions(min: 1, max: 3))" == "1 to 3")
        try checkCoding(ProtocolVersions(min: 1, max: 3), json: #"{"min":1,"max":3}"#)
        #expect(ProtocolVersions.supported == ProtocolVersions(min: 0, max: 0))
    }
}
