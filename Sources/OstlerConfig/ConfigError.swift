package import OstlerJSON

/// One thing that is wrong with a configuration file or a manifest, and where.
package struct ConfigError: Error, Sendable, Equatable {
    /// The closed set of reasons; the texts are stable.
    package enum Code: String, Sendable {
        // The file.
        case notFound = "config_not_found"
        case unreadable = "config_unreadable"
        case unsafePermissions = "unsafe_permissions"
        case includeLoop = "include_loop"
        case includeTooDeep = "include_too_deep"
        // The text as YAML.
        case tooLarge = "yaml_too_large"
        case encoding = "yaml_encoding"
        case syntax = "yaml_syntax"
        case duplicateKey = "yaml_duplicate_key"
        case alias = "yaml_alias"
        case mergeKey = "yaml_merge_key"
        case tag = "yaml_tag"
        case keyNotText = "yaml_key_not_text"
        case multipleDocuments = "yaml_multiple_documents"
        case tooDeep = "yaml_too_deep"
        case numberOutOfRange = "yaml_number_out_of_range"
        // What the text says.
        case unknownKey = "unknown_key"
        case missingKey = "missing_key"
        case wrongType = "wrong_type"
        case invalidValue = "invalid_value"
        case invalidName = "invalid_name"
        case duplicateName = "duplicate_name"
        case profileUnavailable = "profile_unavailable"
        case unsupported = "unsupported"
        case unknownType = "unknown_type"
        case unknownFunction = "unknown_function"
        case unknownParameter = "unknown_parameter"
        case invalidSchema = "invalid_schema"
        case schemaViolation = "schema_violation"
        case unknownReference = "unknown_reference"
        case laterReference = "later_reference"
        case referenceCycle = "reference_cycle"
        // What is allowed and probably not meant.
        case unusedSection = "unused_section"
        case unknownProgram = "unknown_program"
    }

    package var code: Code
    /// The file as the user knows it.
    package var file: String
    /// Where in the file; nil if the fault is with the file as a whole.
    package var position: YAMLPosition?
    /// The place in the document; the root if the fault is with the text.
    package var pointer: JSONPointer
    package var message: String
    package var hint: String?

    package init(
        _ code: Code,
        file: String,
        position: YAMLPosition? = nil,
        pointer: JSONPointer = .root,
        message: String,
        hint: String? = nil
    ) {
        self.code = code
        self.file = file
        self.position = position
        self.pointer = pointer
        self.message = message
        self.hint = hint
    }

    /// Counted from 1; nil as ``position``.
    package var line: Int? { position?.line }
    /// Counted from 1, in characters.
    package var column: Int? { position?.column }
}

extension ConfigError: CustomStringConvertible {
    /// `ostler.yaml:3:5: message; hint`.
    package var description: String {
        let place = position.map { ":\($0.line):\($0.column)" } ?? ""
        return "\(Quotation.bare(file))\(place): \(message)" + (hint.map { "; \($0)" } ?? "")
    }
}

/// Everything that is wrong with one file; never empty.
package struct ConfigFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// In the order of the text.
    package let problems: [ConfigError]
    /// How many more there are.
    package let omitted: Int

    package init(_ first: ConfigError, _ others: [ConfigError] = [], omitted: Int = 0) {
        problems = [first] + others
        self.omitted = omitted
    }

    /// One line a problem.
    package var description: String { problems.map(\.description).joined(separator: "\n") }

    /// How many more problems there are, if there are more.
    package var omission: String? {
        omitted == 0 ? nil : "… and \(omitted) more problem\(omitted == 1 ? "" : "s")"
    }
}
