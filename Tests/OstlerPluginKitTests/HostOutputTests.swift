import OstlerPluginWire
import Testing

@Suite struct HostOutputTests {
    @Test(arguments: [(1 << 20, 65536), (1 << 16, 10752), (1 << 10, 64), (0, 64), (1 << 30, 65536)])
    func `pieces of output fit the frame even if all is escaped`(frame: Int, piece: Int) {
        #expect(HostOutput.pieceBytes(frameBytes: frame) == piece)
    }
}
