/// A place in a text as an editor counts it: line and column from 1, the column in characters.
public struct TextPosition: Sendable, Equatable {
    public let line: Int
    public let column: Int

    /// The place of a byte; what lies behind the text is at its end.
    public init(of offset: Int, in bytes: [UInt8]) {
        let before = bytes[..<min(max(offset, 0), bytes.count)]
        let start = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        line = before.count { $0 == 0x0A } + 1
        column = before[start...].count { $0 & 0xC0 != 0x80 } + 1
    }
}
