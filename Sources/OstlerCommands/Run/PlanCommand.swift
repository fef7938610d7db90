internal import OstlerCommandLine
internal import OstlerHost
internal import OstlerSystem
internal import OstlerTasks

/// `ostler plan`: what `run` would do: which plugin, which sandbox, which command line, and what the guards say.
struct PlanCommand: Sendable {
    static let spec: CommandSpec = {
        var spec = CommandSpec(
            "plan",
            "Shows which plugin, which sandbox and which command line tasks would get, without running them."
        )
        spec.details = ["Guards are asked, in sandboxes that can change nothing, and what they decide is told."]
        spec.synopsis = TaskOptions.synopsis
        spec.parameters = [TaskOptions.executorParameter]
        spec.sections = TaskOptions.sections + [GlobalOptions.section]
        spec.takesMembers = true
        spec.takesCommandLine = true
        spec.examples = [
            "ostler plan command -- sha256sum /etc/passwd", "ostler plan command --command ls --json",
            "ostler plan --file tasks.jsonl --json",
        ]
        spec.exitCodes = [
            .init("0", "all may run"), .init("1", "a guard could not be asked"),
            .init("2", "mixed, or some lines of a pipe are refused"), .init("3", "refused"),
            .init("5", "the sandbox of a guard could not be built"),
        ]
        spec.action = { try PlanCommand($0).run() }
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
        var settings = try task.settings(composition)
        settings.isNoop = true
        let spec = task.file == nil ? try SingleRun.makeSpec(task, composition) : nil
        let (task, isJSON, origin) = (task, global.json, composition.origin)
        return try EventLoop.shared.run { [settings] () -> Result<Int32, any Error> in
            let run = PlanRun(settings, origin, isJSON: isJSON)
            let result: Result<Int32, any Error>
            do {
                if let spec {
                    result = .success(try await run.plan(spec).exitCode)
                } else {
                    result = .success(try await run.planFile(task))
                }
            } catch {
                result = .failure(error)
            }
            await run.stop()
            return result
        }.get()
    }
}
