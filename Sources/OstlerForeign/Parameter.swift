package import OstlerJSON

/// One parameter of a foreign function.
package struct Parameter: Sendable, Equatable {
    /// Which way values go through a pointer.
    package enum Direction: Sendable {
        case input
        case output
        case both

        package var takes: Bool { self != .output }
        package var gives: Bool { self != .input }
    }

    package enum Kind: Sendable, Equatable {
        case value(CType)
        /// The same in each call.
        case constant(CType, JSONValue)
        case null
        /// A pointer to one value.
        case reference(CType, Direction)
        /// A pointer to bytes that the function reads.
        case bytes
        /// A pointer to room that the function fills.
        case buffer(Buffer)
        /// A pointer to as many values as the payload gives.
        case array(CType, Direction)
        case measure(Measure)
        case collect(Collector)
        case compare(Ordering)
    }

    package let name: String
    package let kind: Kind

    /// Whether a payload says something of it.
    package var takesInput: Bool {
        switch kind {
        case .value, .bytes: true
        case .reference(_, let direction): direction.takes
        case .array: true
        case .buffer(let buffer): buffer.isAsked
        case .constant, .null, .measure, .collect, .compare: false
        }
    }

    /// Whether a call can do without a word about it.
    package var isOptional: Bool { if case .buffer = kind { true } else { false } }

    /// Whether a result tells something of it.
    package var givesOutput: Bool {
        switch kind {
        case .reference(let type, let direction): direction.gives && !type.holdsHandle
        case .array(_, let direction): direction.gives
        case .buffer, .collect: true
        case .measure(let measure): measure.isReference
        case .value, .constant, .null, .bytes, .compare: false
        }
    }

    /// The type of a handle that goes in.
    package var handleInput: Bool {
        switch kind {
        case .value(let type): type.holdsHandle
        case .reference(let type, let direction): direction.takes && type.holdsHandle
        default: false
        }
    }
}

/// Room for bytes that a function writes.
package struct Buffer: Sendable, Equatable {
    /// What tells how many bytes were written.
    package enum Length: Sendable, Equatable {
        /// All of them.
        case capacity
        /// Up to the first NUL.
        case string
        /// What the function returns.
        case returned
        /// What the function leaves in another parameter.
        case parameter(String)
    }

    /// How bytes are written as JSON.
    package enum Encoding: String, Sendable, CaseIterable {
        case base64
        case hex
        case text
    }

    /// In bytes; what a payload does not say otherwise.
    package let capacity: Int
    /// The most that a payload may ask for; nil if it may not ask.
    package let maximum: Int?
    package let length: Length
    package let encoding: Encoding

    package static let largest = 1 << 20

    package var isAsked: Bool { maximum != nil }
}

/// A number that follows from another parameter.
package struct Measure: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        /// Bytes of a buffer that goes in, or elements of an array.
        case length = "length_of"
        /// Bytes of one element of an array.
        case elementSize = "size_of"
        /// Bytes that a buffer has room for.
        case capacity = "capacity_of"
    }

    package let kind: Kind
    package let of: String
    package let type: CInteger
    /// Whether the function gets a pointer to it and may change it.
    package let isReference: Bool
}

/// A function of the shim's that gathers what the library calls it with.
package struct Collector: Sendable, Equatable {
    /// One argument of such a call.
    package struct Argument: Sendable, Equatable {
        package enum Kind: Sendable, Equatable {
            case value(CType)
            /// Not looked at: a pointer.
            case ignored
            /// A pointer to as many values as an earlier argument says.
            case array(CType, count: String)
            /// A pointer to as many bytes as a later or earlier argument says.
            case bytes(count: String)
        }

        package let name: String
        package let kind: Kind
    }

    package let arguments: [Argument]
    /// What it answers to the library.
    package let returns: CType?
    package let answer: Int64
    /// What it answers once it has gathered ``limit`` calls.
    package let full: Int64
    /// How many calls are kept.
    package let limit: Int
}

/// A function of the shim's that tells which of two elements comes first.
package struct Ordering: Sendable, Equatable {
    package let type: CType
    /// Members of a structure, the most important first; empty for elements that are scalars.
    package let keys: [String]
    package let isDescending: Bool
}
