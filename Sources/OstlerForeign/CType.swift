/// A type of C whose values can be written as JSON.
package indirect enum CType: Sendable, Equatable {
    case boolean
    case integer(CInteger)
    case float
    case double
    case enumeration(CEnumeration)
    case structure(CStructure)
    /// An array whose length is part of the type: a member of a structure, or what a pointer leads to.
    case list(CType, count: Int)
    /// `char *`, ended by NUL.
    case text(CText)
    /// A pointer to what only the library knows; it stays in the process.
    case handle(close: String)
    /// A pointer of which only is told whether it is null.
    case address

    /// What it takes in memory, in bytes, as the System V ABI for 64-bit machines has it.
    package var size: Int {
        switch self {
        case .boolean: 1
        case .integer(let integer): integer.size
        case .float: 4
        case .double, .text, .handle, .address: 8
        case .enumeration(let enumeration): enumeration.integer.size
        case .structure(let structure): structure.size
        case .list(let element, let count): element.size * count
        }
    }

    package var alignment: Int {
        switch self {
        case .structure(let structure): structure.alignment
        case .list(let element, _): element.alignment
        default: size
        }
    }

    /// Whether a value of the type, or a part of it, is such as only a sequence of calls can hand on.
    var holdsHandle: Bool {
        switch self {
        case .handle: true
        case .structure(let structure): structure.members.contains { $0.type.holdsHandle }
        case .list(let element, _): element.holdsHandle
        default: false
        }
    }
}

/// A whole number of a certain width.
package struct CInteger: Sendable, Equatable {
    /// In bytes: 1, 2, 4 or 8.
    package let size: Int
    package let isSigned: Bool

    package init(size: Int, isSigned: Bool) {
        self.size = size
        self.isSigned = isSigned
    }

    /// The bits of `magnitude` with its sign, if they fit; in the low bytes of the result.
    package func bits(negative: Bool, magnitude: UInt64) -> UInt64? {
        let width = UInt64(size * 8)
        if negative && magnitude > 0 {
            guard isSigned, magnitude <= 1 << (width - 1) else { return nil }
            return 0 &- magnitude
        }
        let largest = UInt64.max >> (64 - width + (isSigned ? 1 : 0))
        return magnitude <= largest ? magnitude : nil
    }
}

/// Names for numbers.
package struct CEnumeration: Sendable, Equatable {
    package struct Member: Sendable, Equatable {
        package let name: String
        package let value: Int64
    }

    package let members: [Member]
    package let integer: CInteger
}

/// A structure, laid out as the System V ABI has it.
package struct CStructure: Sendable, Equatable {
    package struct Member: Sendable, Equatable {
        package let name: String
        package let type: CType
        /// From the start of the structure, in bytes.
        package let offset: Int
    }

    package let members: [Member]
    package let size: Int
    package let alignment: Int

    init(_ parts: [(name: String, type: CType)]) {
        var (end, alignment) = (0, 1)
        var members: [Member] = []
        for (name, type) in parts {
            let offset = (end + type.alignment - 1) / type.alignment * type.alignment
            members.append(Member(name: name, type: type, offset: offset))
            end = offset + type.size
            alignment = max(alignment, type.alignment)
        }
        self.members = members
        self.alignment = alignment
        size = (end + alignment - 1) / alignment * alignment
    }
}

/// Text that C holds by a pointer.
package struct CText: Sendable, Equatable {
    /// Whether null is a value too.
    package let isNullable: Bool
    /// The function that gives back what the library returned; nil if it is never given back.
    package let release: String?
}
