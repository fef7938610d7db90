internal import ArgumentParser
internal import OstlerHost
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSystem
internal import OstlerTasks

/// `ostler validate`: the checks of `run`, and nothing else.
struct ValidateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Checks tasks against schema and policy without running anything.",
        discussion: """
            Examples:
              ostler validate command --command ls
              ostler validate --file tasks.jsonl

            Exit codes: 0 all may run, 3 something is refused.
            """
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var task: TaskOptions

    func run() throws {
        let composition = try Composition(global)
        let settings = try task.settings(composition)
        let options = self
        let code: Int32
        if task.file != nil {
            code = EventLoop.shared.run { await options.checkFile(settings) }
        } else {
            let spec = try SingleRun.makeSpec(task, composition, isJSON: global.json)
            code = EventLoop.shared.run { options.check(spec, settings) }
        }
        throw ExitCode(code)
    }

    @LoopActor
    private func checkFile(_ settings: HostSettings) async -> Int32 {
        do {
            let task = task
            let file = try TaskFile(task.file ?? "-") { try task.apply(to: &$0) }
            var check = FileCheck(file, Host(settings), isJSON: global.json)
            let report = await check.run()
            Diagnostics.note("\(report)")
            return report.isEmpty ? 0 : Outcome.invalid.exitCode
        } catch {
            Diagnostics.report(error)
            return Outcome.invalid.exitCode
        }
    }

    @LoopActor
    private func check(_ spec: TaskSpec, _ settings: HostSettings) -> Int32 {
        let problems = Host(settings).problems(of: spec)
        if global.json {
            var writer = JSONWriter()
            writer.beginObject()
            writer.key("valid")
            writer.bool(problems.isEmpty)
            writer.key("problems")
            writer.beginArray()
            for problem in problems { problem.encode(into: &writer) }
            writer.endArray()
            writer.endObject()
            print(String(decoding: writer.bytes, as: UTF8.self))
        } else {
            for problem in problems { Diagnostics.failure(problem) }
            if problems.isEmpty { Diagnostics.note("valid") }
        }
        return problems.isEmpty ? 0 : Outcome.invalid.exitCode
    }
}
