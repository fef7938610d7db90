internal import OstlerCommandLine
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerStore
internal import OstlerSystem
internal import OstlerTasks

/// `ostler tasks cancel`.
struct TasksCancelCommand: Sendable {
    private enum Option {
        static let wait = CommandOption.flag("wait", "Wait until running tasks have ended, and say with which proof.")
    }

    static let spec: CommandSpec = {
        var spec = CommandSpec("cancel", "Ends tasks: at once what waits, by their workers what runs.")
        spec.synopsis = ["TASK… [OPTIONS]"]
        spec.parameters = [TaskArguments.many]
        spec.sections = [.init("Options", [Option.wait]), GlobalOptions.sectionOfStore]
        spec.examples = ["ostler tasks cancel 17", "ostler tasks cancel 17 18 --wait --json"]
        spec.exitCodes = [
            .init("0", "cancelled, or their workers are told"), .init("1", "with --wait: ended otherwise before"),
            .init("2", "mixed"), .init("3", "done already, or unknown"),
        ]
        spec.action = { try TasksCancelCommand($0).run() }
        return spec
    }()

    /// What is known of a task that was to end.
    private enum Proof: String {
        /// Nothing of it had ever been started.
        case neverRan = "never_ran"
        /// Nothing of it was running; earlier attempts were over.
        case notRunning = "not_running"
        /// Its worker has been told.
        case asked
        /// It ran, and the kernel has said that nothing is left of it.
        case nothingLeft = "nothing_left"
        /// It ran, and nothing shows whether something is left.
        case unverified

        var text: String {
            switch self {
            case .neverRan: "it never ran"
            case .notRunning: "it was not running"
            case .asked: "it runs: its worker has been told"
            case .nothingLeft: "nothing of it is left"
            case .unverified: "nothing shows whether something of it is left"
            }
        }
    }

    private let global: GlobalOptions
    private let tasks: [TaskID]
    private let waits: Bool

    private init(_ arguments: Arguments) throws(UsageError) {
        global = try GlobalOptions(arguments)
        tasks = try TaskArguments.all(arguments)
        waits = arguments.has(Option.wait)
    }

    private func run() throws -> Int32 {
        let context = try RunContext(global)
        let store = try global.lookIntoStore(context)
        var running: [TaskID] = []
        let code = try TaskArguments.each(tasks) { task in
            guard try store.cancel(task, by: context.principal, at: WallClock.milliseconds) else {
                running.append(task)
                if !waits { try tell(task, nil, .asked) }
                return
            }
            try tell(task, .cancelled, try store.details(of: task).begun == 0 ? .neverRan : .notRunning)
        }
        guard waits, !running.isEmpty else { return code }
        return max(code, try settle(running, store))
    }

    private func settle(_ tasks: [TaskID], _ store: any TaskStore) throws -> Int32 {
        var open = tasks
        var isCancelled = true
        _ = try StoreWatch(store).wait {
            open = try open.filter { task in
                let details = try store.details(of: task)
                guard let outcome = details.summary.outcome else { return true }
                isCancelled = isCancelled && outcome == .cancelled
                try tell(task, outcome, Self.proof(details))
                return false
            }
            return open.isEmpty
        }
        return isCancelled ? 0 : 1
    }

    private static func proof(_ details: TaskDetails) -> Proof {
        guard details.begun > 0 else { return .neverRan }
        let result = details.result.flatMap { try? JSONValue(parsing: $0) }
        guard let cancel = result?["cancel"] else {
            return details.summary.outcome == .lost ? .unverified : .notRunning
        }
        return cancel["survivors"]?.string == "none" ? .nothingLeft : .unverified
    }

    private func tell(_ task: TaskID, _ outcome: Outcome?, _ proof: Proof) throws {
        guard global.json else {
            return try Results.write("\(task) \(outcome?.rawValue ?? "asked"): \(proof.text)\n")
        }
        var writer = JSONWriter()
        writer.beginObject()
        writer.optional("task", task.rawValue)
        writer.optional("outcome", outcome?.rawValue)
        writer.optional("proof", proof.rawValue)
        writer.endObject()
        try Results.write(writer)
    }
}
