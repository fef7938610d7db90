internal import OstlerCommandLine
internal import OstlerProtocol
internal import OstlerStore
internal import OstlerTasks

/// Tasks of a store as a command line names them.
enum TaskArguments {
    static let one = CommandParameter("TASK", "The number of a task, as `submit` printed it.")
    static let many = CommandParameter("TASK", "Numbers of tasks, as `submit` printed them.", isRepeated: true)

    /// The tasks, each once.
    static func all(_ arguments: Arguments) throws(UsageError) -> [TaskID] {
        var tasks: [TaskID] = []
        for text in arguments.parameters {
            guard let task = TaskID(text) else {
                throw UsageError("'\(text)' is no number of a task; `ostler tasks list` shows them")
            }
            if !tasks.contains(task) { tasks.append(task) }
        }
        return tasks
    }

    /// Does something with each; what fails is told, and the others are gone on with.
    /// - Returns: the exit code: that of the failures if there are some, mixed if only some failed.
    static func each(_ tasks: [TaskID], _ body: (TaskID) throws -> Void) throws -> Int32 {
        var codes: Set<Int32> = []
        for task in tasks {
            do {
                try body(task)
                codes.insert(0)
            } catch let failure as Failure {
                Log.failure(failure)
                codes.insert(failure.exitCode)
            }
        }
        guard codes.count <= 1 else { return 2 }
        return codes.first ?? 0
    }
}
