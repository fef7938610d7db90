import OstlerProtocol
import Testing

@Suite struct UTF8TailTests {
    @Test(
        arguments: [
            ([], 0),
            ([0x61], 0),
            ([0x61, 0xC3], 1),
            ([0xC3, 0xA9], 0),
            ([0xE2], 1),
            ([0xE2, 0x82], 2),
            ([0xE2, 0x82, 0xAC], 0),
            ([0xF0], 1),
            ([0xF0, 0x9F], 2),
            ([0xF0, 0x9F, 0x98], 3),
            ([0xF0, 0x9F, 0x98, 0x80], 0),
            // None of these can become text, so nothing is gained by waiting.
            ([0x80], 0),
            ([0xC0], 0),
            ([0xC1, 0x80], 0),
            ([0xE0, 0x80], 0),
            ([0xED, 0xA0], 0),
            ([0xF0, 0x80], 0),
            ([0xF4, 0x90], 0),
            ([0xF5], 0),
            ([0xFF], 0),
            ([0x80, 0x80, 0x80, 0x80], 0),
        ] as [([UInt8], Int)]
    )
    func `the start of a character at the end is found`(bytes: [UInt8], count: Int) {
        bytes.withUnsafeBufferPointer { #expect(UTF8Tail.incomplete($0) == count) }
    }

    @Test func `every prefix of a text is held back to whole characters`() {
        let bytes = Array("aé€😀z".utf8)
        for end in 0...bytes.count {
            let prefix = Array(bytes[..<end])
            let held = prefix.withUnsafeBufferPointer { UTF8Tail.incomplete($0) }
            #expect(String(validating: prefix.dropLast(held), as: UTF8.self) != nil)
            #expect(held <= 3)
        }
    }
}
