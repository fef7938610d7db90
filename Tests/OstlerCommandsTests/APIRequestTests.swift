import OstlerJSON
import OstlerProtocol
import OstlerTasks
import Testing

@testable import OstlerCommands

private func request(_ text: String) throws -> APIRequest {
    try APIRequest(parsing: Array(text.utf8), defaultID: "line-1")
}

@Suite struct `Requests of the API` {
    @Test func `a task stays the bytes that came`() throws {
        let read = try request(
            #"""
            {"protocol":"io.ostler.v1.task.run.request","id":"a","type":"command",
             "properties": { "timeout":"5s", "payload" : { "z":1.0e1,"a":["\u0041"] } } }
            """#
        )
        #expect(read.kind == .run && read.id == "a" && read.type == "command")
        var parser = TaskSpecParser()
        let spec = try read.task.withUnsafeBufferPointer { try parser.parse($0, defaultID: "other") }
        #expect(spec.id == "a" && spec.executor == "command" && spec.timeout == 5000)
        #expect(String(decoding: spec.payload, as: UTF8.self) == #"{ "z":1.0e1,"a":["\u0041"] }"#)
    }

    @Test func `each kind has a protocol of its own, and answers by the same name`() throws {
        for kind in APIRequest.Kind.allCases {
            let text =
                #"{"protocol":"\#(kind.protocolID("request"))","type":"command","properties":{"payload":{}}}"#
            #expect(try request(text).kind == kind)
            #expect(kind.protocolID("response").hasPrefix("io.ostler.v1."))
        }
        #expect(Set(APIRequest.Kind.allCases.map { $0.protocolID("response") }).count == APIRequest.Kind.allCases.count)
    }

    @Test(
        arguments: [
            (#"{"protocol":"x"}"#, nil, "line-1", "invalid protocol \"x\""),
            (#"{"id":"b"}"#, nil, "b", "invalid protocol \"\""),
            (#"{"protocol":"io.ostler.v1.task.run.request","id":"b"}"#, "task.run", "b", "missing type in request"),
            (
                #"{"protocol":"io.ostler.v1.task.validate.request","id":"b","type":"command"}"#, "task.validate", "b",
                "missing properties in request"
            ),
            (
                #"{"protocol":"io.ostler.v1.task.run.request","id":"b","type":"command","properties":{"id":"c"}}"#,
                "task.run", "b", "properties has no id: it stands in the request itself, as id"
            ),
            (#"{"id":"b","properties":[]}"#, nil, "b", "properties must be an object"),
            (#"{"id":"b","id":"c"}"#, nil, "line-1", "not JSON: the same member twice in one object, at byte 11"),
        ] as [(String, String?, String, String)]
    )
    func `what is wrong is told under the id that could be read`(
        _ text: String,
        _ kind: String?,
        _ id: String,
        _ message: String
    ) {
        let refusal = #expect(throws: APIRequest.Refusal.self) { try request(text) }
        #expect(refusal?.kind?.rawValue == kind)
        #expect(refusal?.id == id)
        #expect(refusal?.failure.message == message)
    }

    @Test func `a target is an id, and nothing else`() throws {
        func target(_ properties: String) throws -> String? {
            try request(#"{"protocol":"io.ostler.v1.task.status.request","properties":\#(properties)}"#).target()
        }
        #expect(try target("{}") == nil)
        #expect(try target(#"{"id":"x"}"#) == "x")
        #expect(throws: Failure.self) { try target(#"{"id":1}"#) }
        #expect(throws: Failure.self) { try target(#"{"it":"x"}"#) }
    }
}
