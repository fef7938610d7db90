/// One option of a command. Parser, help, man page and completions are all made from what is said of it here.
package struct CommandOption: Sendable, Equatable {
    /// What follows the name.
    package enum Kind: Sendable, Equatable {
        /// Nothing: the option is there or not.
        case flag
        /// One value; given twice, the last counts.
        case single(placeholder: String)
        /// One value each time that the option is given.
        case repeated(placeholder: String)
    }

    /// The name without its dashes.
    package let name: String
    package let kind: Kind
    /// One or two sentences.
    package let help: String
    /// What its value may be, as a shell completes it.
    package let completion: WordKind

    /// An option that takes no value.
    package static func flag(_ name: String, _ help: String) -> CommandOption {
        CommandOption(name: name, kind: .flag, help: help, completion: .anything)
    }

    /// An option with one value.
    package static func value(
        _ name: String,
        _ placeholder: String,
        _ help: String,
        completion: WordKind = .anything
    ) -> CommandOption {
        CommandOption(name: name, kind: .single(placeholder: placeholder), help: help, completion: completion)
    }

    /// An option that may be given many times, with a value each.
    package static func values(
        _ name: String,
        _ placeholder: String,
        _ help: String,
        completion: WordKind = .anything
    ) -> CommandOption {
        CommandOption(name: name, kind: .repeated(placeholder: placeholder), help: help, completion: completion)
    }

    /// How the value is called in help; nil for a flag.
    package var placeholder: String? {
        switch kind {
        case .flag: nil
        case .single(let placeholder), .repeated(let placeholder): placeholder
        }
    }

    /// `--jobs N`.
    package var synopsis: String { "--" + name + (placeholder.map { " " + $0 } ?? "") }
}

/// An argument that is told by its place.
package struct CommandParameter: Sendable, Equatable {
    /// In capitals, as help shows it.
    package let name: String
    package let help: String
    package let isRequired: Bool
    /// Whether more of the kind may follow; only of the last one.
    package let isRepeated: Bool
    package let completion: WordKind

    package init(
        _ name: String,
        _ help: String,
        isRequired: Bool = true,
        isRepeated: Bool = false,
        completion: WordKind = .anything
    ) {
        self.name = name
        self.help = help
        self.isRequired = isRequired
        self.isRepeated = isRepeated
        self.completion = completion
    }
}

/// What a word may be, for completion.
package enum WordKind: Sendable, Equatable {
    /// Nothing can be proposed.
    case anything
    case file
    case directory
    case oneOf([String])
    /// Names that only the running program can find out, under a key that it knows.
    case lookup(String)
}
