/// What may stand at a place of a command line.
package struct Completion: Sendable, Equatable {
    /// What else the shell should propose of its own.
    package enum Source: String, Sendable {
        case words
        case files
        case directories
        /// Programs, for the first word of a command line behind `--`.
        case programs
    }

    /// One word with what help says of it.
    package struct Candidate: Sendable, Equatable {
        package let word: String
        package let help: String

        package init(_ word: String, _ help: String = "") {
            self.word = word
            self.help = help
        }
    }

    package var source = Source.words
    package var candidates: [Candidate] = []

    package init() {}

    /// One line for the source, then one for each candidate, its help behind a tab.
    package var text: String {
        ([source.rawValue] + candidates.map { $0.help.isEmpty ? $0.word : "\($0.word)\t\($0.help)" })
            .map { $0 + "\n" }.joined()
    }
}

/// Completes command lines by the definitions of the commands. Pure, but for what it asks its lookup.
package struct Completer {
    /// What can only be found out while running.
    package struct Lookup: Sendable {
        /// Words for ``WordKind/lookup(_:)``.
        package let words: @Sendable (_ key: String, _ arguments: Arguments) -> [Completion.Candidate]
        /// Options beyond those of the command, for commands that take members.
        package let members: @Sendable (_ arguments: Arguments) -> [CommandOption]

        package init(
            words: @escaping @Sendable (_ key: String, _ arguments: Arguments) -> [Completion.Candidate],
            members: @escaping @Sendable (_ arguments: Arguments) -> [CommandOption]
        ) {
            self.words = words
            self.members = members
        }
    }

    private let lookup: Lookup
    private var path: [CommandSpec]
    private var arguments = Arguments()
    /// The option whose value is awaited.
    private var open: CommandOption?
    private var members: [CommandOption] = []

    /// Completes the last of the words, which may be empty; the program's name is not among them.
    package static func complete(_ words: [String], root: CommandSpec, lookup: Lookup) -> Completion {
        var completer = Completer(lookup: lookup, path: [root])
        guard let current = words.last else { return Completion() }
        let before = words.dropLast()
        if let terminator = before.firstIndex(of: "--") {
            for word in before[..<terminator] { completer.read(word) }
            return completer.behindTerminator(isFirst: terminator == before.count - 1)
        }
        for word in before { completer.read(word) }
        return completer.propose(current)
    }

    private init(lookup: Lookup, path: [CommandSpec]) {
        self.lookup = lookup
        self.path = path
    }

    private var command: CommandSpec { path[path.count - 1] }

    // MARK: What stands before

    private mutating func read(_ word: String) {
        if let option = open {
            open = nil
            return arguments.add(word, to: option)
        }
        guard word.hasPrefix("--") else { return readArgument(word) }
        let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard let option = option(named: String(parts[0])) else { return }
        if parts.count == 2 {
            arguments.add(String(parts[1]), to: option)
        } else if option.kind == .flag {
            arguments.add(nil, to: option)
        } else {
            open = option
        }
    }

    private mutating func readArgument(_ word: String) {
        if let next = command.subcommand(named: word) {
            path.append(next)
        } else if word != "help" || path.count > 1 {
            arguments.add(parameter: word)
            if command.takesMembers { members = lookup.members(arguments) }
        }
    }

    private func option(named name: String) -> CommandOption? {
        command.option(named: name) ?? members.first { $0.name == name }
    }

    // MARK: What may come

    private func behindTerminator(isFirst: Bool) -> Completion {
        var completion = Completion()
        if command.takesCommandLine { completion.source = isFirst ? .programs : .files }
        return completion
    }

    private func propose(_ current: String) -> Completion {
        if let open { return values(of: open.completion, current, prefix: "") }
        if current.hasPrefix("--"), let equals = current.firstIndex(of: "=") {
            let name = String(current[current.index(current.startIndex, offsetBy: 2)..<equals])
            guard let option = option(named: name), option.kind != .flag else { return Completion() }
            return values(of: option.completion, current, prefix: "--\(name)=")
        }
        if current.hasPrefix("-") { return options(current) }
        if !command.subcommands.isEmpty { return subcommands(current) }
        guard arguments.parameterCount < command.parameters.count else { return options(current) }
        return values(of: command.parameters[arguments.parameterCount].completion, current, prefix: "")
    }

    private func subcommands(_ current: String) -> Completion {
        var found = command.subcommands.map { Completion.Candidate($0.name, $0.summary) }
        if path.count == 1 { found.append(.init("help", "Shows the help of a command.")) }
        return filtered(found, current)
    }

    private func options(_ current: String) -> Completion {
        let known = (members + command.options).filter { option in
            if case .repeated = option.kind { return true }
            return !arguments.has(option)
        }
        var found = known.map { Completion.Candidate("--" + $0.name, $0.help) } + [.init("--help", "Shows the help.")]
        if path.count == 1 { found.append(.init("--version", "Shows the version.")) }
        return filtered(found, current)
    }

    private func values(of kind: WordKind, _ current: String, prefix: String) -> Completion {
        var completion = Completion()
        switch kind {
        case .anything: break
        case .file: completion.source = .files
        case .directory: completion.source = .directories
        case .oneOf(let words): return filtered(words.map { .init(prefix + $0) }, current)
        case .lookup(let key):
            let words = lookup.words(key, arguments)
            return filtered(words.map { .init(prefix + $0.word, $0.help) }, current)
        }
        return completion
    }

    private func filtered(_ candidates: [Completion.Candidate], _ current: String) -> Completion {
        var completion = Completion()
        completion.candidates = candidates.filter { $0.word.hasPrefix(current) }
        return completion
    }
}
