/// Members of an object, each in one step.
extension JSONWriter {
    package mutating func member(_ name: StaticString, _ value: String) {
        key(name)
        string(value)
    }

    package mutating func member(_ name: StaticString, _ value: some BinaryInteger) {
        key(name)
        int(value)
    }

    package mutating func member(_ name: StaticString, _ value: Bool) {
        key(name)
        bool(value)
    }

    package mutating func member(_ name: StaticString, _ values: [String]) {
        key(name)
        strings(values)
    }

    /// Writes a member if there is a value for it.
    package mutating func optional(_ name: StaticString, _ value: String?) {
        if let value { member(name, value) }
    }

    /// Writes a member if there is a number for it.
    package mutating func optional(_ name: StaticString, _ value: (some BinaryInteger)?) {
        if let value { member(name, value) }
    }
}
