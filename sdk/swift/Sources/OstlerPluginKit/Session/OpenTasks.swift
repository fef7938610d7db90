internal import Synchronization

/// The tasks that have not been answered, by their ids.
final class OpenTasks: Sendable {
    private let tasks = Mutex<[String: ExecutorTask]>([:])

    subscript(id: String) -> ExecutorTask? { tasks.withLock { $0[id] } }
    var all: [ExecutorTask] { tasks.withLock { Array($0.values) } }
    var isEmpty: Bool { tasks.withLock { $0.isEmpty } }

    /// False if there is one of that id already.
    func add(_ task: ExecutorTask) -> Bool {
        tasks.withLock { tasks in
            guard tasks[task.id] == nil else { return false }
            tasks[task.id] = task
            return true
        }
    }

    /// Answers a task and forgets it in one step: whoever has read the answer must not find the task.
    func remove(_ id: String, answering: () -> Void) {
        tasks.withLock { tasks in
            tasks[id] = nil
            answering()
        }
    }
}
