/// A command: what it takes, what is said of it, and what it does.
package struct CommandSpec: Sendable {
    /// Options under one heading of the help.
    package struct Section: Sendable {
        package let title: String
        package let options: [CommandOption]

        package init(_ title: String, _ options: [CommandOption]) {
            self.title = title
            self.options = options
        }
    }

    /// An exit code and what it means here.
    package struct ExitCode: Sendable {
        package let code: String
        package let meaning: String

        package init(_ code: String, _ meaning: String) {
            self.code = code
            self.meaning = meaning
        }
    }

    package let name: String
    /// One sentence.
    package let summary: String
    /// Paragraphs that follow the summary.
    package var details: [String] = []
    /// What may follow the name, one way a line.
    package var synopsis: [String] = [""]
    package var parameters: [CommandParameter] = []
    package var sections: [Section] = []
    /// Whole command lines.
    package var examples: [String] = []
    package var exitCodes: [ExitCode] = []
    package var subcommands: [CommandSpec] = []
    /// Options that are not known are kept for the command, once its parameters are there.
    package var takesMembers = false
    /// A command line may stand behind `--`.
    package var takesCommandLine = false
    /// Runs it and returns the exit code; nil for a command that only groups others.
    package var action: (@Sendable (Arguments) throws -> Int32)?

    package init(_ name: String, _ summary: String) {
        self.name = name
        self.summary = summary
    }

    /// Every option, in the order of the help.
    package var options: [CommandOption] { sections.flatMap(\.options) }

    /// The option of that name.
    package func option(named name: String) -> CommandOption? {
        for section in sections {
            if let option = section.options.first(where: { $0.name == name }) { return option }
        }
        return nil
    }

    /// The subcommand of that name.
    package func subcommand(named name: String) -> CommandSpec? {
        subcommands.first { $0.name == name }
    }
}

extension [CommandSpec] {
    /// The words that name the command at the end of the path: `ostler plugin list`.
    package var words: String { map(\.name).joined(separator: " ") }
}
