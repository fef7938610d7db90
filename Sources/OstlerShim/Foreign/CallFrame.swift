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

    private let function: ForeignFunction
    private(set) var slots: [Slot] = []
    private let arena: Arena

    /// - Parameters:
    ///   - input: the JSON value for a parameter; nil for one that is left out.
    ///   - handle: the pointer for a parameter that is a handle.
    init(
        _ function: ForeignFunction,
        _ arena: Arena,
        input: (Parameter) -> JSONText?,
        handle: (Parameter) -> UnsafeMutableRawPointer?
    ) throws(CallFault) {
        self.function = function
        self.arena = arena
        for parameter in function.parameters {
            var slot = Slot(argument: arena.allocate(parameter.argumentType?.size ?? 8))
            do {
                if parameter.handleInput {
                    try fillHandle(parameter, &slot, handle(parameter))
                } else {
                    try fill(parameter, &slot, input(parameter))
                }
            } catch {
                let reason = (error as? Misfit)?.reason ?? (error as? JSONError)?.reason ?? "\(error)"
                throw CallFault(parameter: parameter.name, reason: reason)
            }
            slots.append(slot)
        }
        for (index, parameter) in function.parameters.enumerated() {
            guard case .measure(let measure) = parameter.kind else { continue }
            fill(measure, index)
        }
    }

    var arguments: [UnsafeMutableRawPointer] { slots.map(\.argument) }

    private func fillHandle(_ parameter: Parameter, _ slot: inout Slot, _ handle: UnsafeMutableRawPointer?) throws {
        switch parameter.kind {
        case .value(.handle): slot.argument.storeBytes(of: UInt(bitPattern: handle), as: UInt.self)
        case .reference(.handle, _):
            let target = arena.allocate(8)
            target.storeBytes(of: UInt(bitPattern: handle), as: UInt.self)
            point(&slot, to: target)
        default: throw Misfit("a handle can only be passed by itself")
        }
    }

    private func fill(_ parameter: Parameter, _ slot: inout Slot, _ input: JSONText?) throws {
        switch parameter.kind {
        case .value(let type): try required(input).read { try type.store(&$0, at: slot.argument, arena) }
        case .constant(let type, let value):
            try JSONText(value).read { try type.store(&$0, at: slot.argument, arena) }
        case .null, .measure: break
        case .reference(let type, let direction):
            let target = arena.allocate(type.size)
            if direction.takes { try required(input).read { try type.store(&$0, at: target, arena) } }
            point(&slot, to: target)
        case .bytes:
            let bytes = try required(input).read { reader throws in try ByteText(reading: &reader).bytes }
            slot.count = bytes.count
            point(&slot, to: arena.copy(bytes))
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
            slot.argument.storeBytes(of: UInt(bitPattern: try gathering.function(arena)), as: UInt.self)
        case .compare(let ordering):
            let comparison = try Comparison(ordering).function(arena)
            slot.argument.storeBytes(of: UInt(bitPattern: comparison), as: UInt.self)
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

    private mutating func fill(_ measure: Measure, _ index: Int) {
        guard let other = function.parameters.firstIndex(where: { $0.name == measure.of }) else { return }
        var number = slots[other].count
        if measure.kind == .elementSize, case .array(let type, _) = function.parameters[other].kind {
            number = type.size
        }
        let target = measure.isReference ? arena.allocate(8) : slots[index].argument
        withUnsafeBytes(of: UInt64(number)) {
            target.copyMemory(from: $0.baseAddress.unsafelyUnwrapped, byteCount: measure.type.size)
        }
        if measure.isReference { point(&slots[index], to: target) }
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
    let parameter: String
    let reason: String
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
        switch function.parameters[index].kind {
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
        guard let index = function.parameters.firstIndex(where: { $0.name == name }), let target = slots[index].target
        else { return 0 }
        switch function.parameters[index].kind {
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
