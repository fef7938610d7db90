internal import Glibc
internal import OstlerForeign
internal import OstlerJSON
internal import OstlerPluginWire
internal import OstlerProtocol

/// The arguments of one call in memory.
struct CallFrame {
    /// What a parameter is in this call.
    struct Slot {
        /// Where the argument itself stands.
        let argument: UnsafeMutableRawPointer
        /// Where it points to, if it points to something of the shim's.
        var target: UnsafeMutableRawPointer?
        /// Bytes of a buffer, or elements of an array.
        var count = 0
        var gathering: Gathering?
    }

    private let function: PreparedFunction
    private(set) var slots: [Slot] = []
    /// Where the arguments stand, as libffi wants it.
    let arguments: UnsafeMutablePointer<UnsafeMutableRawPointer?>
    private let arena: Arena

    /// A frame whose arguments are all zero.
    init(_ function: PreparedFunction, _ arena: Arena) {
        self.function = function
        self.arena = arena
        let count = function.argumentSizes.count
        let bytes = count * MemoryLayout<UnsafeMutableRawPointer?>.stride
        arguments = arena.allocate(bytes).bindMemory(to: UnsafeMutableRawPointer?.self, capacity: count)
        slots.reserveCapacity(count)
        for (index, size) in function.argumentSizes.enumerated() {
            let argument = arena.allocate(size)
            (arguments + index).initialize(to: argument)
            slots.append(Slot(argument: argument))
        }
    }

    /// Fills in a parameter that is a handle.
    mutating func fill(_ index: Int, handle: UnsafeMutableRawPointer?) throws(CallFault) {
        var slot = slots[index]
        do {
            try fillHandle(function.kinds[index], &slot, handle)
        } catch {
            throw CallFault(index, error)
        }
        slots[index] = slot
    }

    /// Fills in any other parameter.
    ///
    /// - Parameter input: its value; nil for one that is left out.
    mutating func fill(_ index: Int, _ input: JSONText?) throws(CallFault) {
        var slot = slots[index]
        do {
            try fill(index, &slot, input)
        } catch {
            throw CallFault(index, error)
        }
        slots[index] = slot
    }

    /// Fills in what tells the size of other arguments. These must be there.
    mutating func fillMeasures() {
        for measured in function.measures {
            let number = measured.elementSize ?? slots[measured.other].count
            let target = measured.isReference ? arena.allocate(8) : slots[measured.index].argument
            withUnsafeBytes(of: UInt64(number)) {
                target.copyMemory(from: $0.baseAddress.unsafelyUnwrapped, byteCount: measured.type.size)
            }
            if measured.isReference { point(&slots[measured.index], to: target) }
        }
    }

    private func fillHandle(_ kind: Parameter.Kind, _ slot: inout Slot, _ handle: UnsafeMutableRawPointer?) throws {
        switch kind {
        case .value(.handle): slot.argument.storeBytes(of: UInt(bitPattern: handle), as: UInt.self)
        case .reference(.handle, _):
            let target = arena.allocate(8)
            target.storeBytes(of: UInt(bitPattern: handle), as: UInt.self)
            point(&slot, to: target)
        default: throw Misfit("a handle can only be passed by itself")
        }
    }

    private func fill(_ index: Int, _ slot: inout Slot, _ input: JSONText?) throws {
        switch function.kinds[index] {
        case .value(let type): try required(input).read { try type.store(&$0, at: slot.argument, arena) }
        case .constant(let type, _): try required(input).read { try type.store(&$0, at: slot.argument, arena) }
        case .null, .measure: break
        case .reference(let type, let direction):
            let target = arena.allocate(type.size)
            if direction.takes { try required(input).read { try type.store(&$0, at: target, arena) } }
            point(&slot, to: target)
        case .bytes:
            let target = try required(input).read { reader throws in
                try ByteText.withBytes(reading: &reader) { bytes in
                    slot.count = bytes.count
                    return arena.copy(bytes)
                }
            }
            point(&slot, to: target)
        case .buffer(let buffer):
            let asked = try input?.read { try $0.int() }
            let capacity = asked.map { Int($0) } ?? buffer.capacity
            guard (1...(buffer.maximum ?? buffer.capacity)).contains(capacity) else {
                throw Misfit("\(capacity) bytes are more than max_capacity")
            }
            slot.count = capacity
            point(&slot, to: arena.allocate(capacity))
        case .array(let type, _): try fillArray(type, &slot, required(input))
        case .collect(let collector):
            let gathering = Gathering(collector)
            slot.gathering = gathering
            let address = try gathering.function(function.callbacks[index], arena)
            slot.argument.storeBytes(of: UInt(bitPattern: address), as: UInt.self)
        case .compare(let ordering):
            let address = try Comparison(ordering).function(function.callbacks[index], arena)
            slot.argument.storeBytes(of: UInt(bitPattern: address), as: UInt.self)
        }
    }

    private func fillArray(_ type: CType, _ slot: inout Slot, _ input: JSONText) throws {
        let count = try input.read { reader in
            var count = 0
            try reader.beginArray()
            while try reader.nextElement() {
                _ = try reader.skipValue()
                count += 1
            }
            return count
        }
        let target = arena.allocate(count * type.size)
        try input.read { reader in
            try reader.beginArray()
            var place = target
            while try reader.nextElement() {
                try type.store(&reader, at: place, arena)
                place += type.size
            }
        }
        slot.count = count
        point(&slot, to: target)
    }

    private func point(_ slot: inout Slot, to target: UnsafeMutableRawPointer) {
        slot.target = target
        slot.argument.storeBytes(of: UInt(bitPattern: target), as: UInt.self)
    }

    private func required(_ input: JSONText?) throws -> JSONText {
        guard let input else { throw Misfit("a value is missing") }
        return input
    }
}

/// An argument that cannot be passed.
struct CallFault: Error {
    /// Its place among the function's parameters.
    let parameter: Int
    let reason: String

    fileprivate init(_ parameter: Int, _ error: any Error) {
        self.parameter = parameter
        reason = (error as? Misfit)?.reason ?? (error as? JSONError)?.reason ?? "\(error)"
    }
}

extension CallFrame {
    /// Writes what a parameter has become.
    ///
    /// - Parameter result: where the function's own result stands.
    func tell(_ index: Int, _ result: UnsafeRawPointer, _ writer: inout JSONWriter) {
        let slot = slots[index]
        guard let target = slot.target else {
            if let gathering = slot.gathering { writer.raw(gathering.json) } else { writer.null() }
            return
        }
        switch function.kinds[index] {
        case .reference(let type, _): type.tell(target, &writer)
        case .array(let type, _): type.tell(target, count: slot.count, &writer)
        case .measure(let measure): writer.number(measure.type.load(target))
        case .buffer(let buffer): tell(buffer, target, slot.count, result, &writer)
        case .value, .constant, .null, .bytes, .collect, .compare: writer.null()
        }
    }

    private func tell(
        _ buffer: Buffer,
        _ target: UnsafeMutableRawPointer,
        _ capacity: Int,
        _ result: UnsafeRawPointer,
        _ writer: inout JSONWriter
    ) {
        let length: Int
        switch buffer.length {
        case .capacity: length = capacity
        case .string: length = strnlen(target.assumingMemoryBound(to: CChar.self), capacity)
        case .returned: length = function.returns?.count(result) ?? 0
        case .parameter(let name): length = count(in: name)
        }
        // What a function says of more than there is room for is not believed.
        let count = min(max(0, length), capacity)
        let bytes = UnsafeBufferPointer(start: target.assumingMemoryBound(to: UInt8.self), count: count)
        switch buffer.encoding {
        case .base64: writer.base64(bytes)
        case .text: writer.text(bytes)
        case .hex:
            writer.string(bytes.reduce(into: "") { $0 += [$1 >> 4, $1 & 15].map { String($0, radix: 16) }.joined() })
        }
    }

    /// The number that the function left in a parameter.
    private func count(in name: String) -> Int {
        let parameters = function.declaration.parameters
        guard let index = parameters.firstIndex(where: { $0.name == name }), let target = slots[index].target
        else { return 0 }
        switch function.kinds[index] {
        case .reference(let type, _): return type.count(target)
        case .measure(let measure): return CType.integer(measure.type).count(target)
        default: return 0
        }
    }
}

extension CType {
    /// A whole number as a count; 0 for what is negative or no number.
    fileprivate func count(_ source: UnsafeRawPointer) -> Int {
        guard case .integer(let integer) = self else { return 0 }
        let number = integer.load(source)
        return number.isNegative ? 0 : Int(clamping: number.magnitude)
    }
}
