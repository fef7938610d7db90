internal import Glibc
internal import OstlerForeign
internal import OstlerJSON
internal import OstlerProtocol

extension CType {
    /// Writes the value that stands in memory as JSON.
    func tell(_ source: UnsafeRawPointer, _ writer: inout JSONWriter) {
        switch self {
        case .boolean: writer.bool(source.load(as: UInt8.self) != 0)
        case .integer(let integer): writer.number(integer.load(source))
        case .float: writer.real(Double(source.loadUnaligned(as: Float.self)))
        case .double: writer.real(source.loadUnaligned(as: Double.self))
        case .enumeration(let enumeration): enumeration.tell(source, &writer)
        case .text:
            guard let text = source.pointer else { return writer.null() }
            writer.text(UnsafeBufferPointer(start: text.assumingMemoryBound(to: UInt8.self), count: text.textLength))
        case .structure(let structure):
            writer.beginObject()
            for member in structure.members {
                writer.key(dynamic: member.name)
                member.type.tell(source + member.offset, &writer)
            }
            writer.endObject()
        case .list(let element, let count): element.tell(source, count: count, &writer)
        case .handle, .address: writer.bool(source.pointer != nil)
        }
    }

    /// Writes the values that stand one behind the other.
    func tell(_ source: UnsafeRawPointer, count: Int, _ writer: inout JSONWriter) {
        writer.beginArray()
        for index in 0..<count { tell(source + index * size, &writer) }
        writer.endArray()
    }
}

extension CEnumeration {
    /// A number that has no name is told as it is.
    fileprivate func tell(_ source: UnsafeRawPointer, _ writer: inout JSONWriter) {
        let number = integer.load(source)
        let member = members.first { ($0.value < 0, $0.value.magnitude) == number }
        if let member { writer.string(member.name) } else { writer.number(number) }
    }
}

extension UnsafeRawPointer {
    /// The pointer that stands here; nil for null.
    var pointer: UnsafeMutableRawPointer? {
        UnsafeMutableRawPointer(bitPattern: loadUnaligned(as: UInt.self))
    }

    /// How many bytes come before the first NUL.
    var textLength: Int { strlen(assumingMemoryBound(to: CChar.self)) }
}

extension UnsafeMutableRawPointer {
    fileprivate var textLength: Int { UnsafeRawPointer(self).textLength }
}

extension JSONWriter {
    mutating func number(_ number: (isNegative: Bool, magnitude: UInt64)) {
        if number.isNegative { int(Int64(truncatingIfNeeded: 0 &- number.magnitude)) } else { int(number.magnitude) }
    }

    /// What JSON has no number for is a word: `nan`, `inf`, `-inf`.
    fileprivate mutating func real(_ value: Double) {
        if value.isFinite { double(value) } else { string(value.isNaN ? "nan" : value < 0 ? "-inf" : "inf") }
    }

    /// Text as it is, or `{base64}` if it is no UTF-8.
    mutating func text(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard !UTF8Check.isValid(bytes) else { return string(utf8: bytes) }
        base64(bytes)
    }

    mutating func base64(_ bytes: UnsafeBufferPointer<UInt8>) {
        beginObject()
        key("base64")
        string(Base64.encode(Array(bytes)))
        endObject()
    }
}
