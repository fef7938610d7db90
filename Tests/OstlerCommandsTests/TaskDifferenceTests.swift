import OstlerJSON
import OstlerProtocol
import OstlerStore
import OstlerTasks
import Testing

@testable import OstlerCommands

@Suite struct `What two tasks do not have in common` {
    private let desk = Desk()

    private func done(_ payload: String, _ outcome: Outcome, exitCode: Int32 = 0) throws -> TaskDetails {
        let task = try desk.submit { $0.document = Array(#"{"id":"x","payload":\#(payload)}"#.utf8) }
        try desk.finish(try desk.begin(try desk.hire()), outcome, exitCode: exitCode)
        return try desk.store.details(of: task)
    }

    @Test func `equal tasks have no difference, whenever they ran`() throws {
        let first = try done(#"{"a":1}"#, .succeeded)
        desk.now += 5000
        let second = try done(#"{"a":1}"#, .succeeded)
        #expect(try TaskDifference(first, second).lines == [])
        #expect(try TaskDifference(first, second).text == "")
    }

    @Test func `each place that differs is told once`() throws {
        let first = try done(#"{"a":1,"b":[1,2],"c":{}}"#, .succeeded)
        let second = try done(#"{"a":2,"b":[1],"d":"x"}"#, .failed, exitCode: 4)
        let difference = try TaskDifference(first, second)
        #expect(
            difference.lines.map(\.pointer) == [
                "/outcome", "/result/exit_code", "/spec/payload/a", "/spec/payload/b/1", "/spec/payload/c",
                "/spec/payload/d",
            ]
        )
        #expect(difference.text.contains("/spec/payload/b/1: 2 -> nothing\n"))
        #expect(difference.text.contains("/spec/payload/d: nothing -> \"x\"\n"))
        let json = try JSONValue(parsing: difference.json.bytes)
        #expect(json["differences"]?.array?.last?.text == #"{"pointer":"/spec/payload/d","right":"x"}"#)
    }

    @Test func `what is not done cannot be compared`() throws {
        let first = try done("{}", .succeeded)
        let open = try desk.store.details(of: try desk.submit())
        let failure = #expect(throws: Failure.self) { try TaskDifference(first, open) }
        #expect(failure?.storeCode == .notDone)
    }
}
