internal import COstlerFFI
internal import OstlerForeign
internal import OstlerJSON
internal import OstlerProtocol

/// A declared function, where it is in this process, and all that each call of it needs.
final class PreparedFunction {
    /// A parameter that tells the size of another one.
    struct Measured {
        let index: Int
        let type: CInteger
        /// Whether the function gets a pointer to it.
        let isReference: Bool
        /// The place of the other parameter.
        let other: Int
        /// The same in each call, where it is the size of an element.
        let elementSize: Int?
    }

    let declaration: ForeignFunction
    /// What the parameters are.
    let kinds: [Parameter.Kind]
    let returns: CType?
    /// What each argument takes in memory, in bytes.
    let argumentSizes: [Int]
    let measures: [Measured]
    /// For each parameter how a library calls it, if it is a function.
    let callbacks: [CallInterface?]
    private let address: UnsafeMutableRawPointer
    private let interface: CallInterface
    private let resultSize: Int

    init(_ function: ForeignFunction, in library: LoadedLibrary) throws(Failure) {
        declaration = function
        kinds = function.parameters.map(\.kind)
        self.returns = function.returns
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
        argumentSizes = function.parameters.map { $0.argumentType?.size ?? 8 }
        measures = function.parameters.indices.compactMap { Measured(of: function.parameters, at: $0) }
        callbacks = function.parameters.map(\.callback)
    }

    /// Calls it; returns where the result stands and what errno is.
    func call(_ frame: borrowing CallFrame, _ arena: Arena) -> (result: UnsafeMutableRawPointer, errno: Int32) {
        let result = arena.allocate(resultSize)
        return (result, ostler_ffi_call(interface.pointer, address, result, frame.arguments))
    }
}

extension PreparedFunction.Measured {
    fileprivate init?(of parameters: [Parameter], at index: Int) {
        guard case .measure(let measure) = parameters[index].kind,
            let other = parameters.firstIndex(where: { $0.name == measure.of })
        else { return nil }
        self.init(
            index: index,
            type: measure.type,
            isReference: measure.isReference,
            other: other,
            elementSize: measure.kind == .elementSize ? parameters[other].elementSize : nil
        )
    }
}

extension Parameter {
    fileprivate var elementSize: Int? { if case .array(let type, _) = kind { type.size } else { nil } }

    fileprivate var callback: CallInterface? {
        switch kind {
        case .collect(let collector): Gathering.interface(collector)
        case .compare: Comparison.interface()
        default: nil
        }
    }

    /// The type of what is passed, if it is a value of its own.
    fileprivate var argumentType: CType? {
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
