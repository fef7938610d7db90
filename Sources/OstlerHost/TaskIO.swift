package import OstlerProtocol
package import OstlerSystem
package import OstlerTasks

/// What is told of a task while it runs, besides its output.
package enum TaskNotice: Sendable {
    /// It has been sent to an executor.
    case started
    case progress(ProgressNotification)
    case log(LogNotification)
}

/// Where the output of a task goes while it runs. Called on the loop.
@LoopActor
package protocol TaskSink: AnyObject {
    func write(_ stream: OutputStream, _ bytes: [UInt8])
    func note(_ notice: TaskNotice)
    /// True while the reader of the output is behind; the plugin is not read until it has caught up.
    var isCongested: Bool { get }
    /// Called once when it has caught up.
    func whenDrained(_ action: @escaping @LoopActor () -> Void)
}

extension TaskSink {
    package func note(_ notice: TaskNotice) {}
}

/// What a task reads from and writes to besides its result.
package struct TaskIO {
    /// Gets the output as it comes; it is captured as well.
    package var sink: (any TaskSink)?
    /// The read end of a pipe that becomes the command's standard input; taken over.
    package var stdin: Int32?
    /// Which attempt at the task it is, from 1.
    package var attempt = 1
    /// What the submitter calls it, where its id is the host's own; nil where it is not.
    package var submittedName: String?
    /// What came of the tasks that its guards name; nil where there are no others.
    package var prior: (@LoopActor (GuardReference) -> PriorEvent?)?

    package init(
        sink: (any TaskSink)? = nil,
        stdin: Int32? = nil,
        prior: (@LoopActor (GuardReference) -> PriorEvent?)? = nil
    ) {
        self.sink = sink
        self.stdin = stdin
        self.prior = prior
    }
}
