internal import Glibc
internal import OstlerForeign
internal import OstlerJSON
internal import OstlerPluginWire

/// Why a value cannot be given to C.
struct Misfit: Error {
    let reason: String

    init(_ reason: String) {
        self.reason = reason
    }
}

/// A value as JSON, kept by whoever sent it.
struct JSONText {
    let bytes: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
    }

    init(_ value: JSONValue) {
        bytes = Array(value.text.utf8)[...]
    }

    func read<R>(_ body: (inout JSONReader) throws -> R) throws -> R {
        try bytes.withUnsafeBufferPointer { buffer in
            var reader = JSONReader(buffer)
            return try body(&reader)
        }
    }
}

extension CType {
    /// Writes the value at the reader's cursor to memory of this type, which is zeroed.
    func store(_ reader: inout JSONReader, at target: UnsafeMutableRawPointer, _ arena: Arena) throws {
        switch self {
        case .boolean: target.storeBytes(of: try reader.bool() ? 1 : 0, as: UInt8.self)
        case .integer(let integer): try integer.store(try reader.digits(), at: target)
        case .double: target.storeBytes(of: try reader.number().double, as: Double.self)
        case .float:
            let value = try reader.number().double
            guard Float(value).isFinite else { throw Misfit("\(value) does not fit a float") }
            target.storeBytes(of: Float(value), as: Float.self)
        case .enumeration(let enumeration):
            let name = try reader.string()
            guard let member = enumeration.members.first(where: { $0.name == name }) else {
                throw Misfit("\(Quotation.text(name)) is none of its names")
            }
            try enumeration.integer.store((member.value < 0, member.value.magnitude), at: target)
        case .text(let text):
            if text.isNullable, try reader.null() { return }
            let bytes = Array(try reader.string().utf8)
            guard !bytes.contains(0) else { throw Misfit("text for C cannot hold a NUL character") }
            target.storeBytes(of: arena.copy(bytes), as: UnsafeMutableRawPointer.self)
        case .structure(let structure): try structure.store(&reader, at: target, arena)
        case .list(let element, let count):
            var index = 0
            try reader.beginArray()
            while try reader.nextElement() {
                guard index < count else { throw Misfit("there are more than \(count) elements") }
                try element.store(&reader, at: target + index * element.size, arena)
                index += 1
            }
            guard index == count else { throw Misfit("there must be \(count) elements, not \(index)") }
        case .handle, .address: throw Misfit("a pointer cannot be given as JSON")
        }
    }
}

extension CStructure {
    fileprivate func store(_ reader: inout JSONReader, at target: UnsafeMutableRawPointer, _ arena: Arena) throws {
        var missing = Set(members.map(\.name))
        try reader.beginObject()
        while let key = try reader.nextKey() {
            let name = reader.string(of: key)
            guard let member = members.first(where: { $0.name == name }) else {
                throw Misfit("the structure has no member \(Quotation.text(name))")
            }
            try member.type.store(&reader, at: target + member.offset, arena)
            missing.remove(name)
        }
        guard missing.isEmpty else { throw Misfit("the structure needs \(missing.sorted().joined(separator: ", "))") }
    }
}

extension CInteger {
    /// Writes a number, if it fits.
    func store(_ number: (isNegative: Bool, magnitude: UInt64), at target: UnsafeMutableRawPointer) throws {
        guard let bits = bits(negative: number.isNegative, magnitude: number.magnitude) else {
            let text = (number.isNegative ? "-" : "") + "\(number.magnitude)"
            throw Misfit("\(text) does not fit \(size * 8) bits \(isSigned ? "with" : "without") a sign")
        }
        withUnsafeBytes(of: bits.littleEndian) {
            target.copyMemory(from: $0.baseAddress.unsafelyUnwrapped, byteCount: size)
        }
    }

    /// The number that stands in memory.
    func load(_ source: UnsafeRawPointer) -> (isNegative: Bool, magnitude: UInt64) {
        var bits: UInt64 = 0
        withUnsafeMutableBytes(of: &bits) { $0.copyMemory(from: UnsafeRawBufferPointer(start: source, count: size)) }
        let unused = UInt64(64 - size * 8)
        let value = Int64(bitPattern: bits << unused) >> Int64(unused)
        return isSigned && value < 0 ? (true, value.magnitude) : (false, bits)
    }
}

extension JSONReader {
    /// A whole number of up to 64 bits, with or without a sign.
    fileprivate mutating func digits() throws -> (isNegative: Bool, magnitude: UInt64) {
        guard try peek() == .number else { throw Misfit("it must be a whole number") }
        let start = index
        let range = try skipValue()
        let text = bytes(in: range)
        let isNegative = text.first == UInt8(ascii: "-")
        if let magnitude = Self.magnitude(isNegative ? text.dropFirst() : text) { return (isNegative, magnitude) }
        // 1.0 and 1e3 are whole numbers as well.
        index = start
        guard let number = try number().exactInteger else {
            throw Misfit("\(String(decoding: bytes(in: range), as: UTF8.self)) is no whole number of 64 bits")
        }
        return (number < 0, number.magnitude)
    }

    /// The number that decimal digits are; nil if there is anything else among them or they are too many.
    private static func magnitude(_ digits: Slice<UnsafeBufferPointer<UInt8>>) -> UInt64? {
        var value: UInt64 = 0
        for byte in digits {
            let digit = UInt64(byte &- UInt8(ascii: "0"))
            let (tenfold, isTooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, isLarger) = tenfold.addingReportingOverflow(digit)
            guard digit < 10, !isTooLarge, !isLarger else { return nil }
            value = sum
        }
        return value
    }
}
