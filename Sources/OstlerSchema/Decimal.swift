import OstlerJSON

/// A positive decimal number, exactly: `digits × 10^exponent` with digits that do not end in zero.
struct Decimal: Sendable, Equatable {
    let digits: UInt64
    let exponent: Int

    /// Nil unless the number is above zero.
    init?(_ number: JSONNumber) {
        let text =
            switch number {
            case .int(let value): "\(value)"
            case .unsigned(let value): "\(value)"
            case .double(let value): "\(value)"
            }
        let parts = DecimalText(Array(text.utf8)[...])
        guard !parts.isNegative, !parts.isZero else { return nil }
        digits = parts.digits.reduce(0) { $0 * 10 + UInt64($1) }
        exponent = parts.exponent
    }

    /// As a person would write it, unless that takes many zeros.
    var text: String {
        switch exponent {
        case 0...6: return "\(digits)" + String(repeating: "0", count: exponent)
        case -6..<0:
            let padded = String(repeating: "0", count: max(0, 1 - exponent - "\(digits)".count)) + "\(digits)"
            return padded.dropLast(-exponent) + "." + padded.suffix(-exponent)
        default: return "\(digits)e\(exponent)"
        }
    }

    /// Whether the number that `text` writes is this one times a whole number.
    func divides(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        let value = DecimalText(ArraySlice(text))
        if value.isZero { return true }
        // The value has no factor of ten left, so it cannot hold one of the divisor's.
        guard value.exponent >= exponent else { return false }
        var rest: UInt64 = 0
        for digit in value.digits { rest = (multiply(rest, 10) + UInt64(digit)) % digits }
        return multiply(rest, power(value.exponent - exponent)) == 0
    }

    /// The product of two numbers below 2^63, modulo the digits.
    private func multiply(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = (left % digits).multipliedFullWidth(by: right % digits)
        return digits.dividingFullWidth((product.high, product.low)).remainder
    }

    /// `10^exponent` modulo the digits.
    private func power(_ exponent: Int) -> UInt64 {
        var (result, base, rest) = (1 % digits, 10 % digits, exponent)
        while rest > 0 {
            if rest & 1 == 1 { result = multiply(result, base) }
            base = multiply(base, base)
            rest >>= 1
        }
        return result
    }
}

/// The text of a JSON number taken apart without rounding.
private struct DecimalText {
    /// The significant digits, most significant first, without zeros at either end.
    var digits: [UInt8] = []
    var exponent = 0
    var isNegative = false

    var isZero: Bool { digits.isEmpty }

    init(_ text: ArraySlice<UInt8>) {
        var fraction = 0
        var behindPoint = false
        var rest = text
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "-"): isNegative = true
            case UInt8(ascii: "."): behindPoint = true
            case UInt8(ascii: "e"), UInt8(ascii: "E"):
                exponent = Self.exponent(rest)
                rest = []
            default:
                if behindPoint { fraction += 1 }
                if byte != UInt8(ascii: "0") || !digits.isEmpty { digits.append(byte - UInt8(ascii: "0")) }
            }
        }
        exponent -= fraction
        while digits.last == 0 {
            digits.removeLast()
            exponent += 1
        }
    }

    /// Exponents beyond a million are as good as a million.
    private static func exponent(_ text: ArraySlice<UInt8>) -> Int {
        let value = text.drop { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") }.reduce(0) {
            min($0 * 10 + Int($1 - UInt8(ascii: "0")), 1_000_000)
        }
        return text.first == UInt8(ascii: "-") ? -value : value
    }
}
