extension JSONReader {
    /// Reads a number. Integers that fit 64 bits stay exact; everything else becomes a double.
    public mutating func number() throws(JSONError) -> JSONNumber {
        guard try peek() == .number else { throw fail(.wrongType) }
        let start = index
        let isInteger = try scanNumber()
        let text = UnsafeBufferPointer(rebasing: bytes(in: start..<index))
        if isInteger, let value = Self.integer(text) { return .int(value) }
        guard let value = Double(String(decoding: text, as: UTF8.self)), value.isFinite else {
            throw JSONError(.invalidNumber, at: start)
        }
        return .double(value)
    }

    /// Reads a number that must be a whole one in the range of 64 bits.
    public mutating func int() throws(JSONError) -> Int64 {
        let start = index
        guard let value = try number().exactInteger else { throw JSONError(.wrongType, at: start) }
        return value
    }

    private static func integer(_ text: UnsafeBufferPointer<UInt8>) -> Int64? {
        let negative = text[0] == UInt8(ascii: "-")
        var value: Int64 = 0
        for digit in text[(negative ? 1 : 0)...] {
            let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
            let step = Int64(digit - UInt8(ascii: "0"))
            let (sum, carry) =
                negative ? scaled.subtractingReportingOverflow(step) : scaled.addingReportingOverflow(step)
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return value
    }

    /// Moves over a number; true if it has neither fraction nor exponent.
    private mutating func scanNumber() throws(JSONError) -> Bool {
        if byte(index) == UInt8(ascii: "-") { index += 1 }
        guard index < end else { throw fail(.unexpectedEnd) }
        if byte(index) == UInt8(ascii: "0") {
            index += 1
        } else {
            try digits()
        }
        var isInteger = true
        if index < end, byte(index) == UInt8(ascii: ".") {
            isInteger = false
            index += 1
            try digits()
        }
        if index < end, byte(index) | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            index += 1
            if index < end, byte(index) == UInt8(ascii: "+") || byte(index) == UInt8(ascii: "-") { index += 1 }
            try digits()
        }
        if index < end, Self.isDigit(byte(index)) { throw fail(.invalidNumber) }
        return isInteger
    }

    private mutating func digits() throws(JSONError) {
        let start = index
        while index < end, Self.isDigit(byte(index)) { index += 1 }
        guard index > start else { throw index < end ? fail(.invalidNumber) : fail(.unexpectedEnd) }
    }

    @inline(__always)
    private static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }
}
