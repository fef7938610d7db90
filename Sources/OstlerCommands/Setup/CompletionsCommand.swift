internal import OstlerCommandLine

/// `ostler completions`: the script that teaches a shell to complete command lines.
struct CompletionsCommand {
    static let spec: CommandSpec = {
        var spec = CommandSpec("completions", "Writes the script that lets a shell complete ostler's command lines.")
        spec.details = ["An installed tree has the scripts below share, where bash, zsh and fish look for them."]
        spec.synopsis = ["bash|zsh|fish"]
        spec.parameters = [
            CommandParameter("SHELL", "bash, zsh or fish.", completion: .oneOf(Shell.allCases.map(\.rawValue)))
        ]
        spec.examples = ["source <(ostler completions bash)", "ostler completions fish | source"]
        spec.action = { try CompletionsCommand($0).run() }
        return spec
    }()

    /// The first word of a command line by which a script asks for words. It is not in the help: people do not type it.
    static let query = "__complete"

    private let shell: Shell

    private init(_ arguments: Arguments) throws(UsageError) {
        guard let name = arguments.parameter(0), let shell = Shell(rawValue: name) else {
            throw UsageError("unknown shell '\(arguments.parameter(0) ?? "")': it is bash, zsh or fish")
        }
        self.shell = shell
    }

    private func run() throws -> Int32 {
        try Results.write(shell.completionScript(program: "ostler", query: Self.query))
        return 0
    }

    /// Answers a script: the words behind the query are those of the line, the last one is to be completed.
    static func answer() -> Int32 {
        let words = CommandWords.all.dropFirst(2).map { String(decoding: $0, as: UTF8.self) }
        let completion = Completer.complete(Array(words), root: OstlerCommand.spec, lookup: Lookups.completer)
        return (try? Results.write(completion.text)) == nil ? 5 : 0
    }
}
