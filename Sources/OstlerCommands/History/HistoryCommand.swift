internal import OstlerCommandLine

/// `ostler history`: what was done.
enum HistoryCommand {
    static let spec: CommandSpec = {
        var spec = CommandSpec("history", "Shows what was done, by workers and by `run --record-history`.")
        spec.synopsis = ["COMMAND …"]
        spec.subcommands = [HistoryListCommand.spec, HistoryShowCommand.spec, HistoryDiffCommand.spec]
        spec.examples = ["ostler history list --since 1d", "ostler history diff 17 18"]
        return spec
    }()
}

/// `ostler history show`: what `tasks show` tells, under the name under which it is looked for.
enum HistoryShowCommand {
    static let spec: CommandSpec = {
        var spec = TasksShowCommand.spec
        spec.examples = ["ostler history show 17", "ostler history show 17 --json"]
        return spec
    }()
}
