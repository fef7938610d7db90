internal import COstlerFFI
internal import Glibc
internal import OstlerForeign
internal import OstlerJSON
internal import OstlerProtocol

/// A function of C that leads to an object of Swift. The object and the function live as long as the arena.
enum Callback {
    typealias Body =
        @convention(c) (
            UnsafeMutablePointer<ffi_cif>?, UnsafeMutableRawPointer?, UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
            UnsafeMutableRawPointer?
        ) -> Void

    /// The address to give to a library.
    static func make(
        _ owner: AnyObject,
        _ interface: CallInterface?,
        _ arena: Arena,
        _ body: Body
    ) throws -> UnsafeMutableRawPointer {
        guard let interface else { throw Misfit("libffi cannot make such a callback") }
        var code: UnsafeMutableRawPointer?
        let closure = ffi_closure_alloc(MemoryLayout<ffi_closure>.size, &code)
        guard let closure, let code else { throw Misfit("there is no memory for a callback") }
        let context = Unmanaged.passRetained(owner)
        arena.atEnd {
            ffi_closure_free(closure)
            context.release()
        }
        let place = closure.assumingMemoryBound(to: ffi_closure.self)
        guard ostler_ffi_closure(place, interface.pointer, body, context.toOpaque(), code) == FFI_OK else {
            throw Misfit("libffi cannot make such a callback")
        }
        return code
    }
}

/// Gathers what a library calls back with, as JSON.
final class Gathering {
    private let collector: Collector
    private var writer = JSONWriter()
    private(set) var count = 0

    init(_ collector: Collector) {
        self.collector = collector
    }

    /// How a library calls such a function; nil if libffi cannot make it.
    static func interface(_ collector: Collector) -> CallInterface? {
        let types = collector.arguments.map { argument in
            if case .value(let type) = argument.kind { type.description() } else { ostler_ffi_pointer() }
        }
        return CallInterface(types, returns: collector.returns?.description() ?? ostler_ffi_void())
    }

    /// The function to give to the library.
    func function(_ interface: CallInterface?, _ arena: Arena) throws -> UnsafeMutableRawPointer {
        try Callback.make(self, interface, arena) { _, result, arguments, context in
            guard let arguments, let context else { return }
            let answer = Unmanaged<Gathering>.fromOpaque(context).takeUnretainedValue().take(arguments)
            result?.storeBytes(of: answer, as: Int64.self)
        }
    }

    /// The calls so far, as JSON.
    var json: [UInt8] { [UInt8(ascii: "[")] + writer.bytes + [UInt8(ascii: "]")] }

    private func take(_ arguments: UnsafeMutablePointer<UnsafeMutableRawPointer?>) -> Int64 {
        guard count < collector.limit else { return collector.full }
        count += 1
        writer.beginObject()
        for (index, argument) in collector.arguments.enumerated() {
            guard let place = arguments[index] else { continue }
            tell(argument, UnsafeRawPointer(place), arguments)
        }
        writer.endObject()
        return collector.answer
    }

    private func tell(
        _ argument: Collector.Argument,
        _ place: UnsafeRawPointer,
        _ arguments: UnsafeMutablePointer<UnsafeMutableRawPointer?>
    ) {
        if argument.kind == .ignored { return }
        writer.key(dynamic: argument.name)
        switch argument.kind {
        case .ignored: break
        case .value(let type): type.tell(place, &writer)
        case .array(let element, let count):
            guard let start = place.pointer else { return writer.null() }
            element.tell(start, count: number(count, arguments), &writer)
        case .bytes(let count):
            guard let start = place.pointer else { return writer.null() }
            let bytes = start.assumingMemoryBound(to: UInt8.self)
            writer.base64(UnsafeBufferPointer(start: bytes, count: number(count, arguments)))
        }
    }

    /// The value of the argument that counts.
    private func number(_ name: String, _ arguments: UnsafeMutablePointer<UnsafeMutableRawPointer?>) -> Int {
        guard let index = collector.arguments.firstIndex(where: { $0.name == name }), let place = arguments[index],
            case .value(.integer(let integer)) = collector.arguments[index].kind
        else { return 0 }
        let number = integer.load(place)
        return number.isNegative ? 0 : Int(clamping: number.magnitude)
    }
}

/// Tells a library which of two elements comes first.
final class Comparison {
    private let ordering: Ordering
    private let keys: [(type: CType, offset: Int)]

    init(_ ordering: Ordering) {
        self.ordering = ordering
        if case .structure(let structure) = ordering.type {
            keys = ordering.keys.compactMap { key in
                structure.members.first { $0.name == key }.map { ($0.type, $0.offset) }
            }
        } else {
            keys = [(ordering.type, 0)]
        }
    }

    /// How a library calls such a function: `int (*)(const void *, const void *)`. Nil if libffi cannot make it.
    static func interface() -> CallInterface? {
        CallInterface([ostler_ffi_pointer(), ostler_ffi_pointer()], returns: ostler_ffi_integer(4, 1))
    }

    /// The function to give to the library.
    func function(_ interface: CallInterface?, _ arena: Arena) throws -> UnsafeMutableRawPointer {
        try Callback.make(self, interface, arena) { _, result, arguments, context in
            guard let arguments, let context, let left = arguments[0]?.pointee, let right = arguments[1]?.pointee else {
                return
            }
            let comparison = Unmanaged<Comparison>.fromOpaque(context).takeUnretainedValue()
            result?.storeBytes(of: Int64(comparison.compare(left, right)), as: Int64.self)
        }
    }

    private func compare(_ left: UnsafeRawPointer, _ right: UnsafeRawPointer) -> Int {
        for (type, offset) in keys {
            let order = type.order(left + offset, right + offset)
            if order != 0 { return ordering.isDescending ? -order : order }
        }
        return 0
    }
}

extension UnsafeMutableRawPointer {
    /// The pointer that stands here.
    fileprivate var pointee: UnsafeMutableRawPointer? { UnsafeRawPointer(self).pointer }
}

extension CType {
    /// Negative, zero or positive, as C's comparisons have it.
    fileprivate func order(_ left: UnsafeRawPointer, _ right: UnsafeRawPointer) -> Int {
        switch self {
        case .boolean: Self.order(left.load(as: UInt8.self), right.load(as: UInt8.self))
        case .integer(let integer): Self.order(integer, left, right)
        case .enumeration(let enumeration): Self.order(enumeration.integer, left, right)
        case .float: Self.order(left.loadUnaligned(as: Float.self), right.loadUnaligned(as: Float.self))
        case .double: Self.order(left.loadUnaligned(as: Double.self), right.loadUnaligned(as: Double.self))
        case .text:
            switch (left.pointer, right.pointer) {
            case (let left?, let right?):
                Int(strcmp(left.assumingMemoryBound(to: CChar.self), right.assumingMemoryBound(to: CChar.self)))
                    .signum()
            case (let left, let right): (left == nil ? 0 : 1) - (right == nil ? 0 : 1)
            }
        case .structure, .list, .handle, .address: 0
        }
    }

    private static func order<Value: Comparable>(_ left: Value, _ right: Value) -> Int {
        left < right ? -1 : left > right ? 1 : 0
    }

    private static func order(_ integer: CInteger, _ left: UnsafeRawPointer, _ right: UnsafeRawPointer) -> Int {
        let (left, right) = (integer.load(left), integer.load(right))
        switch (left.isNegative, right.isNegative) {
        case (true, false): return -1
        case (false, true): return 1
        case (false, false): return order(left.magnitude, right.magnitude)
        case (true, true): return order(right.magnitude, left.magnitude)
        }
    }
}
