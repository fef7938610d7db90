internal import COstlerFFI
internal import OstlerForeign

extension CType {
    /// The type as libffi describes it. Descriptions of structures are made once for each use and kept for good.
    func description() -> UnsafeMutablePointer<ffi_type> {
        switch self {
        case .boolean: ostler_ffi_integer(1, 0)
        case .integer(let integer): integer.description
        case .float: ostler_ffi_float()
        case .double: ostler_ffi_double()
        case .enumeration(let enumeration): enumeration.integer.description
        case .text, .handle, .address: ostler_ffi_pointer()
        case .structure(let structure):
            Self.aggregate(structure.members.map(\.type), structure.size, structure.alignment)
        case .list(let element, let count):
            Self.aggregate(Array(repeating: element, count: count), size, alignment)
        }
    }

    private static func aggregate(_ parts: [CType], _ size: Int, _ alignment: Int) -> UnsafeMutablePointer<ffi_type> {
        let elements = UnsafeMutablePointer<UnsafeMutablePointer<ffi_type>?>.allocate(capacity: parts.count + 1)
        for (index, part) in parts.enumerated() { (elements + index).initialize(to: part.description()) }
        (elements + parts.count).initialize(to: nil)
        let type = UnsafeMutablePointer<ffi_type>.allocate(capacity: 1)
        type.initialize(
            to: ffi_type(
                size: size,
                alignment: UInt16(alignment),
                type: UInt16(FFI_TYPE_STRUCT),
                elements: elements
            )
        )
        return type
    }
}

extension CInteger {
    var description: UnsafeMutablePointer<ffi_type> { ostler_ffi_integer(Int32(size), isSigned ? 1 : 0) }
}

/// How a function is called, as libffi has it. It must not move while it is used, so it is made once and kept for good.
struct CallInterface {
    let pointer: UnsafeMutablePointer<ffi_cif>

    /// Nil if libffi cannot call such a function.
    init?(
        _ arguments: [UnsafeMutablePointer<ffi_type>],
        returns: UnsafeMutablePointer<ffi_type>,
        fixed: Int? = nil
    ) {
        let types = UnsafeMutablePointer<UnsafeMutablePointer<ffi_type>?>.allocate(capacity: max(1, arguments.count))
        for (index, type) in arguments.enumerated() { (types + index).initialize(to: type) }
        pointer = .allocate(capacity: 1)
        pointer.initialize(to: ffi_cif())
        let count = UInt32(arguments.count)
        let status =
            if let fixed {
                ffi_prep_cif_var(pointer, FFI_DEFAULT_ABI, UInt32(fixed), count, returns, types)
            } else {
                ffi_prep_cif(pointer, FFI_DEFAULT_ABI, count, returns, types)
            }
        guard status == FFI_OK else { return nil }
    }
}
