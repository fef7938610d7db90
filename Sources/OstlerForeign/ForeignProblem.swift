package import OstlerJSON

/// What is wrong with a declaration of foreign functions, and where.
package struct ForeignProblem: Error, Sendable, Equatable {
    /// The closed set of reasons; the texts are stable.
    package enum Code: String, Sendable {
        case unknownType = "unknown_type"
        case unknownFunction = "unknown_function"
        case unknownParameter = "unknown_parameter"
        case unknownKey = "unknown_key"
        case missingKey = "missing_key"
        case wrongType = "wrong_type"
        case invalidValue = "invalid_value"
        case duplicateName = "duplicate_name"
    }

    package let code: Code
    /// The place, from the top of what was read.
    package let pointer: JSONPointer
    package let message: String

    package init(_ code: Code, at pointer: JSONPointer, _ message: String) {
        self.code = code
        self.pointer = pointer
        self.message = message
    }
}
