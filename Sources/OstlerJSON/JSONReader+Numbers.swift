extension JSONReader {
    /// Reads a number. Integers that fit 64 bits stay exact; everything else becomes a double.
    public mutating func number() throws(JSONError) -> JSONNumber {
        guard try peek() == .number else { throw fail(.wrongType) }
        let start = index
        let form = try scanNumber()
        let text = UnsafeBufferPointer(rebasing: bytes(in: start..<index))
        if form == .integer {
            if let value = Self.integer(text) { return .int(value) }
            if text.count <= 20, let value = UInt64(String(decoding: text, as: UTF8.self)) { return .unsigned(value) }
        }
        if form == .decimal, let value = Self.shortDecimal(text) { return .double(value) }
        guard let value = Double(String(decoding: text, as: UTF8.self)), value.isFinite else {
            throw JSONError(.invalidNumber, at: start)
        }
        // Below the least number of 64 bits, where the nearest double would be that very number.
        if form == .integer, value == -0x1p63 { return .double(value.nextDown) }
        return .double(value)
    }

    /// Reads a number that must be a whole one in the range of 64 bits with a sign.
    public mutating func int() throws(JSONError) -> Int64 {
        let start = index
        guard let value = try number().exactInteger else { throw JSONError(.wrongType, at: start) }
        return value
    }

    /// Moves over a number that nobody asks the value of; it must be in the range of doubles all the same.
    mutating func skipNumber() throws(JSONError) {
        let start = index
        guard try scanNumber() == .scientific || index - start > 300 else { return }
        index = start
        _ = try number()
    }

    /// How a number is written.
    private enum NumberForm {
        case integer
        /// With a fraction and no exponent.
        case decimal
        case scientific
    }

    /// The value of a decimal of at most 15 digits: numerator and power of ten are exact doubles, so that their quotient
    /// is rounded once and rightly (Clinger 1990). Nil for longer ones.
    private static func shortDecimal(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
        guard text.count <= 16 else { return nil }
        let negative = text[0] == UInt8(ascii: "-")
        var (numerator, divisor, hasPoint): (Int64, Int64, Bool) = (0, 1, false)
        for byte in text[(negative ? 1 : 0)...] {
            if byte == UInt8(ascii: ".") {
                hasPoint = true
            } else {
                numerator = numerator * 10 + Int64(byte - UInt8(ascii: "0"))
                if hasPoint { divisor *= 10 }
            }
        }
        let value = Double(numerator) / Double(divisor)
        return negative ? -value : value
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

    /// Moves over a number and tells how it is written.
    private mutating func scanNumber() throws(JSONError) -> NumberForm {
        if byte(index) == UInt8(ascii: "-") { index += 1 }
        guard index < end else { throw fail(.unexpectedEnd) }
        if byte(index) == UInt8(ascii: "0") {
            index += 1
        } else {
            try digits()
        }
        var form = NumberForm.integer
        if index < end, byte(index) == UInt8(ascii: ".") {
            form = .decimal
            index += 1
            try digits()
        }
        if index < end, byte(index) | 0x20 == UInt8(ascii: "e") {
            form = .scientific
            index += 1
            if index < end, byte(index) == UInt8(ascii: "+") || byte(index) == UInt8(ascii: "-") { index += 1 }
            try digits()
        }
        if index < end, Self.isDigit(byte(index)) { throw fail(.invalidNumber) }
        return form
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
