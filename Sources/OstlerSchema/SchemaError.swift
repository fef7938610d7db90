public import OstlerJSON

/// What is wrong with a schema itself: a keyword of the wrong type, a bad pattern, a `$ref` that leads nowhere.
public struct SchemaError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Where in the schema document the fault stands.
    public let pointer: JSONPointer
    /// One sentence for a person.
    public let message: String

    public init(pointer: JSONPointer, message: String) {
        self.pointer = pointer
        self.message = message
    }

    public var description: String {
        "the schema is wrong at \"\(pointer)\": \(message)"
    }
}
