import OstlerJSON
import OstlerTestSupport
import Testing

@Suite
struct SameBytesTests {
    private var random = SeededGenerator(seed: 7)

    @Test func `Equal bytes are the same, however many they are and wherever they stand`() {
        for count in 0...40 {
            for offset in 0..<8 {
                let left = (0..<64).map { UInt8(truncatingIfNeeded: $0 &* 37) }
                let right = Array(repeating: 0, count: offset) + left
                #expect(compare(left, 0, right, offset, count))
            }
        }
    }

    @Test func `One byte that differs is seen at each place of each length`() {
        for count in 1...40 {
            for place in 0..<count {
                let left = [UInt8](repeating: 0xAA, count: count)
                var right = left
                right[place] ^= 0x01
                #expect(!compare(left, 0, right, 0, count), "\(place) of \(count)")
            }
        }
    }

    @Test mutating func `What lies behind the last byte does not count`() {
        for count in 0...40 {
            let shared = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            #expect(compare(shared + [1, 1, 1, 1, 1, 1, 1, 1], 0, shared + [2, 2, 2, 2, 2, 2, 2, 2], 0, count))
        }
    }

    private func compare(_ left: [UInt8], _ first: Int, _ right: [UInt8], _ second: Int, _ count: Int) -> Bool {
        left.withUnsafeBufferPointer { left in
            right.withUnsafeBufferPointer { right in
                guard let left = left.baseAddress, let right = right.baseAddress else { return count == 0 }
                return sameBytes(left + first, right + second, count)
            }
        }
    }
}
