internal import OstlerCommandLine
internal import OstlerHost
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSystem
internal import OstlerTasks

/// `ostler validate`: the checks of `run`, and nothing else.
struct ValidateCommand: Sendable {
    static let spec: CommandSpec = {
        var spec = CommandSpec("validate", "Checks tasks against schema and policy without running anything.")
        spec.synopsis = TaskOptions.synopsis
        spec.parameters = [TaskOptions.executorParameter]
        spec.sections = TaskOptions.sections + [GlobalOptions.section]
        spec.takesMembers = true
        spec.takesCommandLine = true
        spec.examples = ["ostler validate command --command ls", "ostler validate --file tasks.jsonl"]
        spec.exitCodes = [.init("0", "all may run"), .init("3", "something is refused")]
        spec.action = { try ValidateCommand($0).run() }
        return spec
    }()

    private let global: GlobalOptions
    private let task: TaskOptions

    private init(_ arguments: Arguments) throws(UsageError) {
        global = try GlobalOptions(arguments)
        task = try TaskOptions(arguments)
    }

    private func run() throws -> Int32 {
        let composition = try Composition(global)
        let settings = try task.settings(composition)
        let options = self
        guard let file = task.file else {
            let spec = try SingleRun.makeSpec(task, composition)
            return try tell(EventLoop.shared.run { Host(settings).problems(of: spec) })
        }
        return try EventLoop.shared.run { () -> Result<Int32, any Error> in
            do { return .success(try await options.check(file, settings)) } catch { return .failure(error) }
        }.get()
    }

    @LoopActor
    private func check(_ path: String, _ settings: HostSettings) async throws -> Int32 {
        let file = try TaskFile(path, for: .queue, task.apply)
        let report = try await FileCheck(file, Host(settings), isJSON: global.json).run()
        Log.info("\(report)")
        return report.isEmpty ? 0 : Outcome.invalid.exitCode
    }

    private func tell(_ problems: [Failure]) throws -> Int32 {
        if global.json {
            var writer = JSONWriter()
            writer.verdict(problems)
            try Results.write(writer)
        } else {
            for problem in problems { Log.failure(problem) }
            if problems.isEmpty { Log.info("valid") }
        }
        return problems.isEmpty ? 0 : Outcome.invalid.exitCode
    }
}
