import OstlerJSON
import OstlerPluginWire
import OstlerProtocol
import Testing

@Suite struct HostRequestTests {
    private func decode(_ text: String) throws(MessageFault) -> HostRequest? {
        var validator = JSONValidator()
        return try Array(text.utf8).withUnsafeBufferPointer { (frame) throws(MessageFault) -> HostRequest? in
            try HostRequest.decode(frame, &validator)
        }
    }

    @Test func `an execute is read in any order of members`() throws {
        let frame =
            #"{"params":{"payload":{"command":"ls"},"launch":9,"task":"t","executor":"command","new":[1]},"#
            + #""method":"execute","jsonrpc":"2.0","id":"p.1"}"#
        let request = try #require(try decode(frame))
        #expect(String(decoding: request.id, as: UTF8.self) == "p.1")
        guard case .execute(let call) = request.call else {
            Issue.record("not an execute")
            return
        }
        let execute = call.request
        #expect(execute.task == "t")
        #expect(execute.launch == 9)
        #expect(!execute.hasStdin)
    }

    @Test(arguments: [
        #"{"jsonrpc":"2.0","method":"progress","params":{}}"#,
        #"{"id":"p.1","jsonrpc":"2.0","result":{}}"#,
        #"{"id":"p.1","jsonrpc":"2.0","error":{"code":1,"message":""}}"#,
    ])
    func `notifications and answers need no answer`(frame: String) throws {
        #expect(try decode(frame) == nil)
    }

    @Test(arguments: [
        #"{"id":"p.1","#,
        #"{"id":"p.1","id":"p.2","method":"health"}"#,
        #"{"id":7,"method":"health"}"#,
        #"{"id":"","method":"health"}"#,
        #"{"id":"p.1"}"#,
        #"{"id":"p.1","method":"health","result":{}}"#,
        #"{"id":"p.1","method":"health"} x"#,
        "{\"id\":\"\u{1}\",\"method\":\"health\"}",
    ])
    func `what is no message is a fault`(frame: String) {
        #expect(throws: MessageFault.self) { try decode(frame) }
    }

    @Test(arguments: [
        #"{"id":"p.1","method":"execute","params":{"task":"t"}}"#,
        #"{"id":"p.1","method":"execute"}"#,
        #"{"id":"p.1","method":"cancel","params":{"task":4}}"#,
        #"{"id":"p.1","method":"initialize","params":{"max_frame_bytes":"many"}}"#,
    ])
    func `parameters that do not fit are told apart from broken frames`(frame: String) throws {
        let request = try #require(try decode(frame))
        guard case .malformed = request.call else {
            Issue.record("taken for \(request.call)")
            return
        }
    }
}
