import OstlerJSON
import OstlerProtocol
import OstlerTasks
import Testing

@Suite struct SandboxRequestTests {
    private func parse(_ sandbox: String) throws(Failure) -> TaskSpec.SandboxRequest {
        var parser = TaskSpecParser()
        let text = #"{"executor":"e","payload":{},"sandbox":"# + sandbox + "}"
        let result: Result<TaskSpec, Failure> = Array(text.utf8).withUnsafeBufferPointer { bytes in
            Result { () throws(Failure) in try parser.parse(bytes, defaultID: "t") }
        }
        return try result.get().sandbox
    }

    @Test func `All members are read`() throws {
        let request = try parse(
            #"{"profile":"p","network":"loopback","limits":{"memory":"2MiB","tmp":0,"cpu":"5s","file_size":"none","processes":3}}"#
        )
        let limits: [SandboxLimit: Int64?] = [.memory: 2 << 20, .tmp: 0, .cpu: 5000, .fileSize: nil, .processes: 3]
        #expect(request == .init(profile: "p", network: "loopback", limits: limits))
        #expect(!request.isEmpty)
        #expect(try parse("{}").isEmpty)
    }

    @Test(arguments: [
        (#"{"network":"all"}"#, "not_in_enum", "/sandbox/network", "none or loopback"),
        (#"{"limits":[]}"#, "wrong_type", "/sandbox/limits", "an object"),
        (#"{"limits":{"memroy":1}}"#, "unknown_member", "/sandbox/limits/memroy", "did you mean \"memory\""),
        (#"{"limits":{"memory":"2MB"}}"#, "invalid_limit", "/sandbox/limits/memory", "\"2MB\" is not a size"),
        (#"{"limits":{"memory":"none"}}"#, "invalid_limit", "/sandbox/limits/memory", "\"none\" is not a size"),
        (#"{"limits":{"processes":"x"}}"#, "invalid_limit", "/sandbox/limits/processes", "from 1 to 1000000"),
        (#"{"limits":{"open_files":1}}"#, "invalid_limit", "/sandbox/limits/open_files", "from 8 to 1000000"),
        (#"{"limits":{"cpu":5}}"#, "wrong_type", "/sandbox/limits/cpu", "a string"),
        (#"{"limits":{"cpu":"0s"}}"#, "invalid_limit", "/sandbox/limits/cpu", "longer than 0"),
    ])
    func `What is wrong is told with its place`(_ text: String, _ code: String, _ pointer: String, _ says: String) {
        #expect {
            try parse(text)
        } throws: { error in
            guard let failure = error as? Failure else { return false }
            return failure.code == code && failure.pointer?.description == pointer && failure.message.contains(says)
        }
    }
}
