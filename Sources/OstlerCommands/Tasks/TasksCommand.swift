internal import OstlerCommandLine

/// `ostler tasks`: what was submitted.
enum TasksCommand {
    static let spec: CommandSpec = {
        var spec = CommandSpec("tasks", "Shows the tasks of the queue, waits for them, and steers them.")
        spec.synopsis = ["COMMAND …"]
        spec.subcommands = [
            TasksListCommand.spec, TasksShowCommand.spec, TasksLogsCommand.spec, TasksWaitCommand.spec,
            TasksCancelCommand.spec, TasksRetryCommand.spec, TasksRemoveCommand.spec,
        ]
        spec.examples = [
            "ostler tasks list --state running", "ostler tasks logs 17 --follow", "ostler tasks cancel 17",
        ]
        return spec
    }()
}
