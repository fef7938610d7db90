internal import OstlerCommandLine

/// `ostler queue`: what waits, and who works at it.
enum QueueCommand {
    static let spec: CommandSpec = {
        var spec = CommandSpec("queue", "Shows how queues and workers stand, and stops and starts queues.")
        spec.synopsis = ["COMMAND …"]
        spec.subcommands = [QueueStatsCommand.spec, QueuePauseCommand.spec, QueuePauseCommand.resumeSpec]
        spec.examples = ["ostler queue stats", "ostler queue pause nightly"]
        return spec
    }()
}
