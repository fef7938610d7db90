public import OstlerJSON

/// One reason why a payload does not fit its schema.
public struct SchemaProblem: Sendable, Equatable, CustomStringConvertible {
    /// Where in the payload: the value itself, or the object that lacks a member.
    public let pointer: JSONPointer
    /// Stable and machine readable: a ``Code``, or the code of a ``JSONError``.
    public let code: String
    /// What was expected, what was found, and perhaps what was meant.
    public let message: String

    public init(pointer: JSONPointer, code: String, message: String) {
        self.pointer = pointer
        self.code = code
        self.message = message
    }

    public var description: String {
        "\(pointer.description.isEmpty ? "payload" : pointer.description): \(message)"
    }

    /// The closed set of codes for payloads that are JSON but do not fit.
    public enum Code: String, Sendable, CaseIterable {
        case wrongType = "wrong_type"
        case notInEnum = "not_in_enum"
        case notTheConstant = "not_the_constant"
        case missingMember = "missing_member"
        case unknownMember = "unknown_member"
        case badMemberName = "bad_member_name"
        case tooFewMembers = "too_few_members"
        case tooManyMembers = "too_many_members"
        case tooFewItems = "too_few_items"
        case tooManyItems = "too_many_items"
        case duplicateItem = "duplicate_item"
        case missingItem = "missing_item"
        case tooManyMatches = "too_many_matches"
        case tooShort = "too_short"
        case tooLong = "too_long"
        case patternMismatch = "pattern_mismatch"
        case outOfRange = "out_of_range"
        case notAMultiple = "not_a_multiple"
        case noAlternative = "no_alternative"
        case severalAlternatives = "several_alternatives"
        case forbidden = "forbidden"
        /// The schema asks for more work on this payload than the validator is willing to do.
        case tooComplex = "too_complex"
    }
}
