/// The end of a piece of text.
package enum UTF8Tail {
    /// How many bytes at the end may be the start of a character, at most 3; 0 if the end is whole, or cannot be text.
    package static func incomplete(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        for count in 1...3 where count <= bytes.count {
            let lead = bytes[bytes.count - count]
            if lead & 0xC0 == 0x80 { continue }
            guard count < length(lead) else { return 0 }
            if count > 1, !second(lead).contains(bytes[bytes.count - count + 1]) { return 0 }
            return count
        }
        return 0
    }

    private static func length(_ lead: UInt8) -> Int {
        switch lead {
        case 0xC2...0xDF: 2
        case 0xE0...0xEF: 3
        case 0xF0...0xF4: 4
        default: 1
        }
    }

    /// What may follow the first byte (Unicode 15, table 3-7).
    private static func second(_ lead: UInt8) -> ClosedRange<UInt8> {
        switch lead {
        case 0xE0: 0xA0...0xBF
        case 0xED: 0x80...0x9F
        case 0xF0: 0x90...0xBF
        case 0xF4: 0x80...0x8F
        default: 0x80...0xBF
        }
    }
}
