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
            (
                #"{"typ":"command","id":"late","protocol":"io.ostler.v1.task.run.request"}"#, "task.run", "late",
                #"unknown member "typ"; did you mean "type"?"#
            ),
            (
                #"{"type":1,"properties":{},"id":"b","protocol":"io.ostler.v1.task.plan.request"}"#, "task.plan", "b",
                "type must be a string"
            ),
            (
                #"{"properties":[],"protocol":"io.ostler.v1.task.run.request","id":"b","x":1}"#, "task.run", "b",
                "properties must be an object"
            ),
            (#"{"protocol":{"a":[1]},"id":"b"}"#, nil, "b", "protocol must be a string"),
            (
                #"{"id":7,"protocol":"io.ostler.v1.task.run.request"}"#, "task.run", "line-1", "id must be a string"
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

    @Test func `what is about no task and no resource has no type, and health no properties`() throws {
        func check(_ name: String, _ members: String) throws {
            try request(#"{"protocol":"io.ostler.v1.\#(name).request"\#(members)}"#).checkMembers()
        }
        try check("executor.health", "")
        try check("executor.health", #","properties":{}"#)
        try check("task.status", #","properties":{"id":"x"}"#)
        try check("task.run", #","type":"command","properties":{"payload":{}}"#)
        let pointers = [
            ("executor.health", #","type":"nope""#, "/type"), ("task.status", #","type":"command""#, "/type"),
            ("executor.health", #","properties":{"timeout":"1s"}"#, "/properties/timeout"),
        ]
        for (name, members, pointer) in pointers {
            let failure = #expect(throws: Failure.self) { try check(name, members) }
            #expect(failure?.code == "unknown_member" && failure?.pointer?.description == pointer)
        }
    }

    @Test(
        arguments: [
            ("/executor", "/type"), ("/id", "/id"), ("/foo", "/properties/foo"),
            ("/payload/command", "/properties/payload/command"),
            ("/guards/subscribe/0", "/properties/guards/subscribe/0"),
        ]
    )
    func `a place in a task is told as the place in the request`(_ inTask: String, _ inRequest: String) {
        let failure = Failure("x", fault: .user, message: "x", pointer: JSONPointer(inTask))
        #expect(failure.inTaskRequest.pointer?.description == inRequest)
        #expect(Failure("x", fault: .user, message: "x").inTaskRequest.pointer == nil)
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
