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
            throw ConfigError(
                .encoding,
                file: file,
                position: position(of: offset, in: bytes),
                message: "a control character (0x\(hex(bytes[offset]))) that YAML does not allow"
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
        let before = bytes[..<offset]
        let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        return YAMLPosition(
            line: before.count { $0 == 0x0A } + 1,
            column: bytes[lineStart..<offset].count { $0 & 0xC0 != 0x80 } + 1
        )
    }
}
