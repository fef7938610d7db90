internal import OstlerJSON

/// What somebody probably did who wrote something that is nearly JSON.
enum JSONAdvice {
    static func hint(for error: JSONError, in bytes: UnsafeBufferPointer<UInt8>) -> String? {
        if let hint = encoding(bytes) { return hint }
        let next: UInt8? = error.offset < bytes.count ? bytes[error.offset] : nil
        switch error.code {
        case .unexpectedEnd: return "a task stands on one line; `jq -c .` writes JSON that way"
        case .trailingBytes: return "one task a line, and nothing behind it"
        case .duplicateKey: return "keep one of them"
        case .invalidUTF8: return "save the file as UTF-8"
        case .controlCharacter: return "write it with a backslash: \\n, \\t, \\u0000"
        case .invalidEscape: return "a backslash itself is written \\\\"
        case .invalidNumber: return "a number has no leading zeros and no sign +, and is below 1.8e308; or quote it"
        case .unexpectedByte: return next.flatMap { hint(for: $0, before: bytes[..<error.offset]) }
        case .tooDeep, .wrongType: return nil
        }
    }

    private static func encoding(_ bytes: UnsafeBufferPointer<UInt8>) -> String? {
        guard bytes.count >= 2 else { return nil }
        switch (bytes[0], bytes[1]) {
        case (0xFF, 0xFE), (0xFE, 0xFF): return "the file is UTF-16: save it as UTF-8"
        case (0x1F, 0x8B): return "the file is compressed: `gunzip` it first"
        default: return nil
        }
    }

    private static func hint(for next: UInt8, before: Slice<UnsafeBufferPointer<UInt8>>) -> String? {
        let last = before.last { $0 != 0x20 && $0 != 0x09 && $0 != 0x0D }
        switch next {
        case UInt8(ascii: "'"): return "JSON's strings stand in double quotes"
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            return last == UInt8(ascii: ",") ? "JSON has no comma behind the last member" : nil
        case UInt8(ascii: "/"), UInt8(ascii: "#"): return "JSON has no comments"
        case UInt8(ascii: "\""), UInt8(ascii: "{"): return "is a comma or a colon missing before it?"
        case 0: return "the file holds NUL bytes: is it a text file, and is it UTF-8?"
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"):
            return "strings stand in double quotes; the bare words are true, false and null"
        default: return nil
        }
    }
}
