internal import COstlerFFI
internal import OstlerForeign
internal import OstlerJSON
internal import OstlerProtocol

/// A declared function and where it is in this process.
final class PreparedFunction {
    let function: ForeignFunction
    private let address: UnsafeMutableRawPointer
    private let interface: CallInterface
    private let resultSize: Int

    init(_ function: ForeignFunction, in library: LoadedLibrary) throws(Failure) {
        self.function = function
        address = try library.symbol(function.symbol)
        let returns = function.returns?.description() ?? ostler_ffi_void()
        let arguments = function.parameters.map { $0.argumentType?.description() ?? $0.pointerOrMeasure }
        guard let interface = CallInterface(arguments, returns: returns, fixed: function.fixedCount),
            returns.pointee.size == (function.returns?.size ?? returns.pointee.size)
        else {
            throw Failure(
                "invalid_signature",
                fault: .executor,
                message: "libffi cannot call \(function.name) as it is declared",
                hint: "look at the types and at `fixed` of functions.\(function.name) in the manifest"
            )
        }
        self.interface = interface
        // libffi widens small results to a register.
        resultSize = max(function.returns?.size ?? 0, MemoryLayout<UInt64>.size)
    }

    /// Calls it; returns where the result stands and what errno is.
    func call(_ arguments: [UnsafeMutableRawPointer], _ arena: Arena) -> (result: UnsafeMutableRawPointer, errno: Int32)
    {
        let result = arena.allocate(resultSize)
        var values = arguments.map { Optional($0) }
        let errno = ostler_ffi_call(interface.pointer, address, result, &values)
        return (result, errno)
    }
}

extension Parameter {
    /// The type of what is passed, if it is a value of its own.
    var argumentType: CType? {
        switch kind {
        case .value(let type), .constant(let type, _): type
        default: nil
        }
    }

    fileprivate var pointerOrMeasure: UnsafeMutablePointer<ffi_type> {
        if case .measure(let measure) = kind, !measure.isReference { return measure.type.description }
        return ostler_ffi_pointer()
    }
}

/// The functions that take what others gave: `free` and `close`. All are called with one pointer.
struct Releases {
    private let addresses: [String: UnsafeMutableRawPointer]
    private let interface: CallInterface

    init(_ symbols: Set<String>, in library: LoadedLibrary) throws(Failure) {
        var addresses: [String: UnsafeMutableRawPointer] = [:]
        for symbol in symbols.sorted() { addresses[symbol] = try library.symbol(symbol) }
        self.addresses = addresses
        guard let interface = CallInterface([ostler_ffi_pointer()], returns: ostler_ffi_void()) else {
            throw Failure("invalid_signature", fault: .executor, message: "libffi has no call of one pointer here")
        }
        self.interface = interface
    }

    func release(_ pointer: UnsafeMutableRawPointer, by symbol: String) {
        guard let address = addresses[symbol] else { return }
        var value: UnsafeMutableRawPointer? = pointer
        withUnsafeMutablePointer(to: &value) { place in
            var values: UnsafeMutableRawPointer? = UnsafeMutableRawPointer(place)
            _ = ostler_ffi_call(interface.pointer, address, nil, &values)
        }
    }
}
