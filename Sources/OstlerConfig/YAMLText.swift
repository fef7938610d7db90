internal import OstlerJSON

/// What must hold of the bytes before they are looked at as YAML.
enum YAMLText {
    /// Throws unless the bytes are UTF-8 without control characters and not too many.
    static func check(_ bytes: [UInt8], file: String) throws(ConfigError) {
        guard bytes.count <= YAMLDocument.maximumBytes else {
            throw ConfigError(
                .tooLarge,
                file: file,
                message: "the file has \(bytes.count) bytes; at most \(YAMLDocument.maximumBytes) are read"
            )
        }
        if let offset = firstControlCharacter(bytes) {
            let isUTF16 = bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF])
            throw ConfigError(
                .encoding,
                file: file,
                position: position(of: offset, in: bytes),
                message: "a control character (0x\(hex(bytes[offset]))) that YAML does not allow",
                hint: isUTF16 ? "the file is UTF-16: save it as UTF-8" : nil
            )
        }
        if String(validating: bytes, as: UTF8.self) == nil {
            throw ConfigError(
                .encoding,
                file: file,
                position: position(of: firstInvalidByte(bytes), in: bytes),
                message: "bytes that are not valid UTF-8",
                hint: "save the file as UTF-8"
            )
        }
        if let (offset, scalar) = firstStrangeScalar(bytes) {
            throw ConfigError(
                .encoding,
                file: file,
                position: position(of: offset, in: bytes),
                message: "the character U+\(scalar), which YAML does not allow"
            )
        }
    }

    /// The characters beyond ASCII that YAML leaves out (section 5.1), apart from a byte order mark at the start.
    private static func firstStrangeScalar(_ bytes: [UInt8]) -> (offset: Int, scalar: String)? {
        guard bytes.contains(where: { $0 >= 0x80 }) else { return nil }
        var offset = 0
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            if offset == 0, scalar == "\u{FEFF}" {
                offset = UTF8.width(scalar)
                continue
            }
            switch scalar.value {
            case 0x80...0x84, 0x86...0x9F, 0xFEFF, 0xFFFE, 0xFFFF:
                let digits = String(scalar.value, radix: 16, uppercase: true)
                return (offset, String(repeating: "0", count: 4 - digits.count) + digits)
            default: offset += UTF8.width(scalar)
            }
        }
        return nil
    }

    private static func firstControlCharacter(_ bytes: [UInt8]) -> Int? {
        bytes.firstIndex { ($0 < 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D) || $0 == 0x7F }
    }

    private static func hex(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }

    private static func firstInvalidByte(_ bytes: [UInt8]) -> Int {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var offset = 0
        while case .scalarValue(let scalar) = decoder.decode(&iterator) { offset += UTF8.width(scalar) }
        return offset
    }

    private static func position(of offset: Int, in bytes: [UInt8]) -> YAMLPosition {
        let position = TextPosition(of: offset, in: bytes)
        return YAMLPosition(line: position.line, column: position.column)
    }
}
