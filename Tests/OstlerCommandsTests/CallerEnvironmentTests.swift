import Testing

@testable import OstlerCommands

@Suite struct CallerEnvironmentTests {
    private func environment(_ pairs: [UInt8]...) -> CallerEnvironment { CallerEnvironment(pairs) }

    @Test func `Variables are handed on byte by byte, or not at all`() {
        let found = environment(
            Array("B=caf\u{E9}".utf8),
            Array("A==".utf8),
            Array("BYTES=caf".utf8) + [0xE9],
            Array("none".utf8)
        )
        #expect(found.variables == ["A==", "B=caf\u{E9}"])
        #expect(found.unreadable == ["BYTES"])
    }

    @Test func `Of several with one name the last holds`() {
        let found = environment(Array("A=1".utf8), [0x41, 0x3D, 0xFF], Array("A=2".utf8))
        #expect(found.variables == ["A=2"])
        #expect(found.unreadable == [])
    }
}
