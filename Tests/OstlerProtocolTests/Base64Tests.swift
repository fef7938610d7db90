import OstlerProtocol
import OstlerTestSupport
import Testing

private func decode(_ text: String) -> [UInt8]? {
    Array(text.utf8).withUnsafeBufferPointer { Base64.decode($0) }
}

@Suite struct `Base64 text` {
    /// RFC 4648, section 10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func `the vectors of the RFC`(_ plain: String, _ text: String) {
        #expect(Base64.encode(Array(plain.utf8)) == text)
        #expect(decode(text) == Array(plain.utf8))
    }

    @Test func `the whole alphabet`() {
        let text = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        let bytes = decode(text)
        #expect(bytes?.count == 48)
        #expect(bytes.map(Base64.encode) == text)
    }

    @Test(arguments: [
        "Z", "Zg", "Zg=", "Zg===", "=", "==", "===", "====", "Z===", "=g==", "Zg==Zg==", "Zg=g", "Z=g=",
        "Zm9v\n", "Zm9 ", "Zm 9v", " Zg==", "Zm-v", "Zm_v", "Zm8\0", "Zm9é", "Zm9vZg", "Zm9v====",
    ])
    func `malformed text is refused`(_ text: String) {
        #expect(decode(text) == nil)
    }

    @Test(arguments: ["Zh==", "Zi==", "Zv==", "Zm9=", "Zm+=", "Zm/=", "Zm9vYh=="])
    func `bits that no byte has must be zero`(_ text: String) {
        #expect(decode(text) == nil)
    }

    @Test func `each byte outside of the alphabet is refused in each place`() {
        let alphabet = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        for byte in UInt8.min...UInt8.max where !alphabet.contains(byte) {
            for place in 0..<8 {
                var text = Array("Zm9vYmFy".utf8)
                text[place] = byte
                // One padding character at the very end may be right; the bits before it then decide.
                let mayFit = byte == UInt8(ascii: "=") && place == 7
                guard !mayFit else { continue }
                #expect(text.withUnsafeBufferPointer { Base64.decode($0) } == nil)
            }
        }
    }

    @Test func `encoding appends`() {
        var output: [UInt8] = [1]
        [UInt8]([0xFF]).withUnsafeBufferPointer { Base64.encode($0, into: &output) }
        #expect(output == [1] + Array("/w==".utf8))
    }

    @Test(arguments: 0..<50)
    func `random bytes come back`(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for count in 0..<70 {
            let bytes = random.bytes(count)
            let text = Base64.encode(bytes)
            #expect(text.utf8.count == (count + 2) / 3 * 4)
            #expect(decode(text) == bytes)
        }
    }

    @Test(arguments: 0..<20)
    func `text that is accepted is the text that encoding gives`(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var accepted = 0
        for _ in 0..<3000 {
            let text = random.bytes(4 * Int.random(in: 1...2, using: &random), of: Array("AQgw4/+z=".utf8))
            guard let bytes = text.withUnsafeBufferPointer({ Base64.decode($0) }) else { continue }
            accepted += 1
            #expect(Array(Base64.encode(bytes).utf8) == text)
        }
        #expect(accepted > 100)
    }
}

@Suite struct `UTF-8 check` {
    private func isValid(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBufferPointer { UTF8Check.isValid($0) }
    }

    private func agrees(_ bytes: [UInt8]) -> Bool {
        isValid(bytes) == (String(validating: bytes, as: UTF8.self) != nil)
    }

    @Test(
        arguments: [
            [], [0x00], [0x7F], [0xC2, 0x80], [0xDF, 0xBF], [0xE0, 0xA0, 0x80], [0xED, 0x9F, 0xBF], [0xEE, 0x80, 0x80],
            [0xEF, 0xBF, 0xBF], [0xF0, 0x90, 0x80, 0x80], [0xF4, 0x8F, 0xBF, 0xBF],
        ] as [[UInt8]]
    )
    func `the borders of what is well-formed`(_ bytes: [UInt8]) {
        #expect(isValid(bytes))
        // At each place of the words of eight bytes that are looked at together, and in front of others.
        for padding in 0..<18 {
            let ascii = [UInt8](repeating: UInt8(ascii: "a"), count: padding)
            #expect(isValid(ascii + bytes))
            #expect(isValid(ascii + bytes + ascii))
        }
    }

    @Test(
        arguments: [
            [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x41], [0xC2, 0xC0], [0xE0, 0x9F, 0xBF],
            [0xE0, 0xA0], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xEF, 0xBF], [0xF0, 0x8F, 0xBF, 0xBF],
            [0xF0, 0x90, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFE], [0xFF], [0xE1, 0x80, 0x41],
            [0xF1, 0x80, 0x80, 0xC0],
        ] as [[UInt8]]
    )
    func `what is not`(_ bytes: [UInt8]) {
        #expect(!isValid(bytes))
        for padding in 0..<18 {
            let ascii = [UInt8](repeating: UInt8(ascii: "a"), count: padding)
            #expect(!isValid(ascii + bytes))
            #expect(!isValid(ascii + bytes + ascii))
        }
    }

    @Test func `all sequences of two bytes are judged as the standard library does`() {
        for first in UInt8.min...UInt8.max {
            for second in UInt8.min...UInt8.max {
                guard !agrees([first, second]) else { continue }
                Issue.record("\([first, second])")
            }
        }
    }

    @Test func `three and four bytes by the lead and the second`() {
        for first in UInt8(0xE0)...0xFF {
            for second in UInt8.min...UInt8.max {
                for rest in [[0x80], [0xBF], [0x7F], [0xC0], [0x80, 0x80], [0xBF, 0xBF], [0x80, 0x41]] as [[UInt8]] {
                    guard !agrees([first, second] + rest) else { continue }
                    Issue.record("\([first, second] + rest)")
                }
            }
        }
    }

    @Test(arguments: 0..<20)
    func `random bytes are judged as the standard library does`(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let tricky: [UInt8] = [
            0x41, 0x61, 0x80, 0x90, 0x9F, 0xA0, 0xBF, 0xC2, 0xC3, 0xE0, 0xE1, 0xED, 0xF0, 0xF4, 0x20,
        ]
        var valid = 0
        for _ in 0..<3000 {
            let bytes = random.bytes(Int.random(in: 0..<24, using: &random), of: tricky)
            if isValid(bytes) { valid += 1 }
            guard !agrees(bytes) else { continue }
            Issue.record("\(bytes)")
        }
        #expect(valid > 100)
    }

    @Test(arguments: 0..<10)
    func `random text is well-formed, and cut or damaged as the standard library says`(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            var text = String.UnicodeScalarView()
            for _ in 0..<20 {
                let value = UInt32.random(in: 0...(Bool.random(using: &random) ? 0x7F : 0x10FFFF), using: &random)
                if let scalar = Unicode.Scalar(value) { text.append(scalar) }
            }
            var bytes = Array(String(text).utf8)
            #expect(isValid(bytes))
            #expect(agrees(Array(bytes.dropLast())))
            guard !bytes.isEmpty else { continue }
            bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            #expect(agrees(bytes))
        }
    }
}
