import OstlerJSON
import OstlerProtocol
import Testing

@testable import OstlerPluginKit

@Suite struct TaskResultTests {
    @Test(
        arguments: [(0, nil, "succeeded", 0), (3, nil, "failed", 3), (0, 9, "failed", -1)]
            as [(Int32, Int32?, String, Int32)]
    )
    func `only exit code 0 without a signal is success`(code: Int32, signal: Int32?, outcome: String, told: Int32) {
        let answer = TaskResult(exitCode: code, signal: signal).answer("t")
        #expect(answer.outcome.rawValue == outcome)
        #expect(answer.exitCode == told)
        #expect(answer.signal == signal)
    }

    @Test func `metadata and usage go along`() {
        let usage = TaskResult.Usage(user: 1, system: 2, wall: 3, peakBytes: 4)
        let answer = TaskResult(usage: usage, metadata: ["rows": 3]).answer("t")
        #expect(answer.metadata.map { String(decoding: $0, as: UTF8.self) } == #"{"rows":3}"#)
        #expect(answer.usage == ExecuteResult.Usage(user: 1, system: 2, wall: 3, peak: 4))
    }

    @Test func `a failure is never told as success`() {
        let answer = TaskFailed("no", code: "no_row", pointer: "/payload/row", exitCode: 0).answer("t")
        #expect(answer.outcome == .failed)
        #expect(answer.exitCode == 1)
        #expect(answer.error?.code == "no_row")
        #expect(answer.error?.pointer == JSONPointer("/payload/row"))
        #expect(answer.error?.sideEffects == .possible)
    }
}
