extension JSONReader {
    /// Reads a string without copying it; the cursor stands behind the closing quote afterwards.
    public mutating func rawString() throws(JSONError) -> JSONKey {
        guard index < end else { throw fail(.unexpectedEnd) }
        guard byte(index) == UInt8(ascii: "\"") else { throw fail(.wrongType) }
        let start = index + 1
        let special = firstSpecial(from: start)
        // Most strings are short, without escapes, and ASCII.
        guard special < end, byte(special) == UInt8(ascii: "\"") else { return try string(from: start, at: special) }
        index = special + 1
        return JSONKey(range: Range(uncheckedBounds: (start, special)), hasEscapes: false)
    }

    /// Reads on where a string is not plain any more.
    private mutating func string(from start: Int, at offset: Int) throws(JSONError) -> JSONKey {
        index = offset
        var hasEscapes = false
        while index < end {
            let byte = byte(index)
            switch byte {
            case UInt8(ascii: "\""):
                let range = start..<index
                index += 1
                return JSONKey(range: range, hasEscapes: hasEscapes)
            case UInt8(ascii: "\\"):
                hasEscapes = true
                try skipEscape()
            case 0x20...0x7F: index += 1
            case 0..<0x20: throw fail(.controlCharacter)
            default: try skipMultibyte(lead: byte)
            }
        }
        throw fail(.unexpectedEnd)
    }

    /// Where the first byte from `start` on is that is a quote, a backslash, a control or beyond ASCII; or a place among the
    /// last bytes of the text.
    @inline(__always)
    private func firstSpecial(from start: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops: UInt64 = 0x8080_8080_8080_8080
        var offset = start
        while end - offset >= 8 {
            let word = UnsafeRawPointer(base.unsafelyUnwrapped + offset).loadUnaligned(as: UInt64.self)
            let quotes = word ^ ones &* 0x22
            let slashes = word ^ ones &* 0x5C
            let special =
                (quotes &- ones) & ~quotes | (slashes &- ones) & ~slashes | (word &- ones &* 0x20) & ~word | word
            // A borrow can only spoil bytes behind the first hit, so the first one is right.
            let hits = UInt64(littleEndian: special & tops)
            guard hits == 0 else { return offset + (hits.trailingZeroBitCount >> 3) }
            offset += 8
        }
        return offset
    }

    private mutating func skipEscape() throws(JSONError) {
        guard index + 1 < end else { throw fail(.unexpectedEnd) }
        switch byte(index + 1) {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            index += 2
        case UInt8(ascii: "u"):
            let high = try hexQuad(at: index + 2)
            guard high & 0xF800 == 0xD800 else {
                index += 6
                return
            }
            guard high < 0xDC00, index + 7 < end, byte(index + 6) == UInt8(ascii: "\\"),
                byte(index + 7) == UInt8(ascii: "u"), try hexQuad(at: index + 8) & 0xFC00 == 0xDC00
            else { throw fail(.invalidEscape) }
            index += 12
        default: throw fail(.invalidEscape)
        }
    }

    private func hexQuad(at offset: Int) throws(JSONError) -> UInt32 {
        guard offset + 4 <= end else { throw JSONError(.unexpectedEnd, at: end) }
        var value: UInt32 = 0
        for position in offset..<offset + 4 {
            guard let digit = JSONEscapes.hexDigit(byte(position)) else {
                throw JSONError(.invalidEscape, at: position)
            }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    /// Checks one multi-byte sequence by the table of well-formed UTF-8 (Unicode 15, table 3-7).
    private mutating func skipMultibyte(lead: UInt8) throws(JSONError) {
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch lead {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: length = 4
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: throw fail(.invalidUTF8)
        }
        guard index + length <= end else { throw fail(.invalidUTF8) }
        guard second.contains(byte(index + 1)) else { throw fail(.invalidUTF8) }
        for offset in 2..<max(length, 2) where byte(index + offset) & 0xC0 != 0x80 {
            throw fail(.invalidUTF8)
        }
        index += length
    }
}

/// The escape sequences of JSON strings.
package enum JSONEscapes {
    package static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// Resolves the escapes of a string whose grammar has been checked already.
    package static func decode(_ raw: UnsafeBufferPointer<UInt8>, into output: inout [UInt8]) {
        var index = 0
        while index < raw.count {
            guard raw[index] == UInt8(ascii: "\\") else {
                output.append(raw[index])
                index += 1
                continue
            }
            let escape = raw[index + 1]
            index += 2
            switch escape {
            case UInt8(ascii: "b"): output.append(0x08)
            case UInt8(ascii: "f"): output.append(0x0C)
            case UInt8(ascii: "n"): output.append(0x0A)
            case UInt8(ascii: "r"): output.append(0x0D)
            case UInt8(ascii: "t"): output.append(0x09)
            case UInt8(ascii: "u"):
                var scalar = quad(raw, at: index)
                index += 4
                if scalar & 0xFC00 == 0xD800 {
                    scalar = 0x10000 + (scalar & 0x3FF) << 10 + quad(raw, at: index + 2) & 0x3FF
                    index += 6
                }
                if let unicode = Unicode.Scalar(scalar) { output.append(contentsOf: Array(String(unicode).utf8)) }
            default: output.append(escape)
            }
        }
    }

    private static func quad(_ raw: UnsafeBufferPointer<UInt8>, at offset: Int) -> UInt32 {
        raw[offset..<offset + 4].reduce(0) { $0 << 4 | UInt32(hexDigit($1) ?? 0) }
    }
}
