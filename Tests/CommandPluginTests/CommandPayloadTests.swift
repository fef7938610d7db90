import OstlerJSON
import OstlerPluginWire
import OstlerProtocol
import Testing

@testable import OstlerCommandPlugin

@Suite struct CommandPayloadTests {
    private func parse(_ text: String) throws -> CommandPayload {
        try CommandPayload(parsing: Array(text.utf8))
    }

    @Test func `all members are read`() throws {
        let payload = try parse(
            #"{"command":"ls","args":["-l","ä b",""],"env":{"B":"2","A":"x=y"},"working_dir":"/tmp","stdin":"\u0000é"}"#
        )
        #expect(payload.command == "ls")
        #expect(payload.arguments == ["-l", "ä b", ""])
        #expect(payload.environment == [.init(key: "B", value: "2"), .init(key: "A", value: "x=y")])
        #expect(payload.workingDirectory == "/tmp")
        #expect(payload.stdin == [0, 0xC3, 0xA9])
    }

    @Test func `only the command is required`() throws {
        let payload = try parse(#"{"command":"true"}"#)
        #expect(payload.arguments.isEmpty && payload.environment.isEmpty)
        #expect(payload.workingDirectory == nil)
        #expect(payload.stdin == nil)
    }

    @Test func `an empty working directory is none, an empty stdin is one`() throws {
        let payload = try parse(#"{"command":"true","working_dir":"","stdin":""}"#)
        #expect(payload.workingDirectory == nil)
        #expect(payload.stdin == [])
    }

    @Test(arguments: [
        (#"{}"#, "/payload/command"),
        (#"{"command":""}"#, "/payload/command"),
        (#"{"command":null}"#, "/payload/command"),
        (#"{"command":["ls"]}"#, "/payload/command"),
        (#"{"command":"ls","args":"-l"}"#, "/payload/args"),
        (#"{"command":"ls","args":["-l",1]}"#, "/payload/args/1"),
        (#"{"command":"ls","env":["A=1"]}"#, "/payload/env"),
        (#"{"command":"ls","env":{"A":1}}"#, "/payload/env/A"),
        (#"{"command":"ls","env":{"A=B":"1"}}"#, "/payload/env/A=B"),
        (#"{"command":"ls","env":{"":"1"}}"#, "/payload/env/"),
        (#"{"command":"ls","env":{"a/b":7}}"#, "/payload/env/a~1b"),
        (#"{"command":"ls","working_dir":3}"#, "/payload/working_dir"),
        (#"{"command":"ls","stdin":true}"#, "/payload/stdin"),
        (#"{"command":"ls","shell":true}"#, "/payload/shell"),
        (#"[]"#, "/payload"),
        (#""ls""#, "/payload"),
    ])
    func `what does not fit is refused with the place`(text: String, pointer: String) throws {
        let failure = try #require(throws: Failure.self) { try parse(text) }
        #expect(failure.code == "invalid_payload")
        #expect(failure.fault == .user)
        #expect(failure.sideEffects == .none)
        #expect(failure.pointer?.description == pointer)
    }

    @Test func `a slip of the key is recognised`() throws {
        let failure = try #require(throws: Failure.self) { try parse(#"{"command":"ls","arg":[]}"#) }
        #expect(failure.message.contains("did you mean \"args\"?"))
    }

    @Test(arguments: [
        (#"{"command":"l\u0000s"}"#, "/payload/command"),
        (#"{"command":"ls","args":["a","\u0000"]}"#, "/payload/args/1"),
        (#"{"command":"ls","env":{"A":"x\u0000"}}"#, "/payload/env/A"),
        (#"{"command":"ls","env":{"A\u0000B":"x"}}"#, "/payload/env/A\0B"),
        (#"{"command":"ls","working_dir":"/\u0000"}"#, "/payload/working_dir"),
    ])
    func `a NUL is refused where the kernel would cut the string`(text: String, pointer: String) throws {
        let failure = try #require(throws: Failure.self) { try parse(text) }
        #expect(failure.code == "nul_in_argument")
        #expect(failure.pointer?.description == pointer)
    }
}
