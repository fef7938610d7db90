import OstlerJSON
import OstlerProtocol
import OstlerTasks
import Testing

func parseTask(_ bytes: [UInt8], defaultID: String = "line-1") throws -> TaskSpec {
    var parser = TaskSpecParser()
    return try bytes.withUnsafeBufferPointer { try parser.parse($0, defaultID: defaultID) }
}

func parseTask(_ json: String, defaultID: String = "line-1") throws -> TaskSpec {
    try parseTask(Array(json.utf8), defaultID: defaultID)
}

/// A task with one more member.
func taskText(_ member: String) -> String {
    #"{"executor":"command","payload":{"command":"true"},\#(member)}"#
}

/// A text that is no task, and what whoever sent it is told.
struct TaskRefusal: CustomTestStringConvertible, Sendable {
    let json: String
    let code: String
    var pointer: String?
    let message: String
    var testDescription: String { json }

    init(_ json: String, _ code: String, _ pointer: String?, _ message: String) {
        (self.json, self.code, self.pointer, self.message) = (json, code, pointer, message)
    }

    func check() {
        let failure = #expect(throws: Failure.self) { try parseTask(json) }
        #expect(failure?.code == code)
        #expect(failure?.pointer?.description == pointer)
        #expect(failure?.message == message)
        #expect(failure?.fault == .user)
        #expect(failure?.retry == .never)
        #expect(failure?.sideEffects == Failure.SideEffects.none)
    }
}
