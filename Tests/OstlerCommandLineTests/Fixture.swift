internal import OstlerCommandLine

/// A small tree of commands with everything that a definition can hold.
enum Fixture {
    static let level = CommandOption.value("level", "N", "How much.", completion: .oneOf(["low", "high"]))
    static let tags = CommandOption.values("tag", "TAG", "A tag; may be repeated.")
    static let all = CommandOption.flag("all", "Everything.")
    static let config = CommandOption.value("config", "FILE", "Where the configuration is.", completion: .file)

    static let work: CommandSpec = {
        var spec = CommandSpec("work", "Does some work.")
        spec.details = ["It is done at once. .Nothing is left."]
        spec.synopsis = ["WHO [OPTIONS] [-- ARGV…]", "--all [OPTIONS]"]
        spec.parameters = [CommandParameter("WHO", "Who does it.", isRequired: false, completion: .lookup("people"))]
        spec.sections = [.init("Options", [level, tags, all]), .init("Common options", [config])]
        spec.takesMembers = true
        spec.takesCommandLine = true
        spec.examples = ["tool work me --level low -- a\\b 'c'"]
        spec.exitCodes = [.init("0", "done"), .init("128+n", "interrupted by signal n")]
        spec.action = { _ in 0 }
        return spec
    }()

    static let show: CommandSpec = {
        var spec = CommandSpec("show", "Shows one thing.")
        spec.synopsis = ["NAME"]
        spec.parameters = [CommandParameter("NAME", "Which.")]
        spec.sections = [.init("Options", [all])]
        spec.action = { _ in 7 }
        return spec
    }()

    static let group: CommandSpec = {
        var spec = CommandSpec("group", "Holds others.")
        spec.synopsis = ["COMMAND …"]
        spec.subcommands = [show]
        return spec
    }()

    static let root: CommandSpec = {
        var spec = CommandSpec("tool", "A tool.")
        spec.synopsis = ["COMMAND …"]
        spec.subcommands = [work, group]
        return spec
    }()

    /// What the machine would know: two people, and a member for one of them.
    static let lookup = Completer.Lookup(
        words: { key, _ in key == "people" ? [.init("anna", "the first"), .init("bert")] : [] },
        members: {
            $0.parameter(0) == "anna" ? [.value("colour", "TEXT", "Of the paint.", completion: .oneOf(["red"]))] : []
        }
    )

    static func parse(_ words: [String], hasCommandLine: Bool = false) throws(UsageError) -> CommandRequest {
        try CommandParser.parse(words, root: root, hasCommandLine: hasCommandLine)
    }

    static func complete(_ words: [String]) -> Completion {
        Completer.complete(words, root: root, lookup: lookup)
    }
}
