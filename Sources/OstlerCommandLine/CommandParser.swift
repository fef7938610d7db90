internal import OstlerJSON

/// What a command line asks for.
package enum CommandRequest: Sendable {
    /// To run the command at the end of the path.
    case run([CommandSpec], Arguments)
    /// To show its help; what stands before `--help` may make it more to the point.
    case help([CommandSpec], Arguments)
    case version
}

/// Reads the words of a command line by the definitions of the commands. Pure.
package struct CommandParser {
    private var path: [CommandSpec]
    private var arguments = Arguments()
    private let words: [String]
    private var index = 0

    private init(_ words: [String], _ root: CommandSpec) {
        self.words = words
        path = [root]
    }

    /// Reads the words behind the program's name.
    /// - Parameter hasCommandLine: whether there was a `--`, with what follows it left out of `words`.
    package static func parse(
        _ words: [String],
        root: CommandSpec,
        hasCommandLine: Bool = false
    ) throws(UsageError) -> CommandRequest {
        var parser = CommandParser(words, root)
        return try parser.parse(hasCommandLine)
    }

    private var command: CommandSpec { path[path.count - 1] }

    private mutating func parse(_ hasCommandLine: Bool) throws(UsageError) -> CommandRequest {
        if words.first == "--version" { return .version }
        if words.first == "help" { return try helpByWords() }
        while index < words.count {
            let word = words[index]
            index += 1
            if word == "--help" || word == "-h" { return .help(path, arguments) }
            if word.hasPrefix("-"), word.utf8.count > 1 {
                try option(word)
            } else if !command.subcommands.isEmpty {
                try enter(word)
            } else {
                try positional(word)
            }
        }
        guard command.action != nil else { return .help(path, arguments) }
        guard !hasCommandLine || command.takesCommandLine else {
            throw UsageError("\(path.words) takes no command line behind --", at: path)
        }
        // What replaces a parameter only the command knows; it says so itself.
        if let missing = command.parameters.dropFirst(arguments.parameterCount).first(where: \.isRequired) {
            throw UsageError("\(missing.name) is missing", at: path)
        }
        return .run(path, arguments)
    }

    /// `help run` is `run --help`.
    private mutating func helpByWords() throws(UsageError) -> CommandRequest {
        for word in words.dropFirst() { try enter(word) }
        return .help(path, arguments)
    }

    private mutating func enter(_ word: String) throws(UsageError) {
        guard let next = command.subcommand(named: word) else {
            guard !command.subcommands.isEmpty else { throw UsageError("unexpected argument '\(word)'", at: path) }
            let suggestion = Suggestion.clause(for: word, in: command.subcommands.map(\.name))
            throw UsageError("unknown command '\(word)'\(suggestion)", at: path)
        }
        path.append(next)
    }

    private mutating func positional(_ word: String) throws(UsageError) {
        if arguments.parameterCount < command.parameters.count || command.parameters.last?.isRepeated == true {
            arguments.add(parameter: word)
        } else if command.takesMembers {
            arguments.add(member: word)
        } else {
            throw UsageError("unexpected argument '\(word)'", at: path)
        }
    }

    private mutating func option(_ word: String) throws(UsageError) {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard word.hasPrefix("--"), let option = command.option(named: String(parts[0].dropFirst(2))) else {
            return try unknown(word)
        }
        let inline = parts.count == 2 ? String(parts[1]) : nil
        switch option.kind {
        case .flag:
            guard inline == nil else { throw UsageError("--\(option.name) takes no value", at: path) }
            arguments.add(nil, to: option)
        case .single, .repeated:
            if let inline { return arguments.add(inline, to: option) }
            arguments.add(try value(of: option), to: option)
        }
    }

    /// The next word, unless it looks like an option: that is more often a value that was forgotten.
    private mutating func value(of option: CommandOption) throws(UsageError) -> String {
        guard index < words.count, !words[index].hasPrefix("--"), words[index] != "-h" else {
            let form = "--\(option.name)=\(option.placeholder ?? "VALUE")"
            throw UsageError("--\(option.name) needs a value; write \(form) if it begins with dashes", at: path)
        }
        index += 1
        return words[index - 1]
    }

    private mutating func unknown(_ word: String) throws(UsageError) {
        if command.takesMembers, arguments.parameterCount == command.parameters.count {
            return arguments.add(member: word)
        }
        let name = word.split(separator: "=", maxSplits: 1).first.map(String.init) ?? word
        let known = command.options.map { "--" + $0.name } + ["--help"]
        throw UsageError("unknown option \(name)\(Suggestion.clause(for: name, in: known))", at: path)
    }
}
