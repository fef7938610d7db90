internal import OstlerCommandLine
internal import OstlerHost
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSandbox
internal import OstlerSystem
internal import OstlerTasks

/// `ostler sandbox explain`: what is in force, and who said so.
struct SandboxExplainCommand: Sendable {
    static let spec: CommandSpec = {
        var spec = CommandSpec("explain", "Shows what is in force for a sandbox, and where each part comes from.")
        spec.details = ["With a command line behind -- also which program it means, and what the lists say of it."]
        spec.synopsis = ["[OPTIONS] [-- PROGRAM [ARGUMENT…]]"]
        spec.sections = SandboxOptions.sections + [GlobalOptions.sectionWithoutPlugins]
        spec.takesCommandLine = true
        spec.examples = ["ostler sandbox explain", "ostler sandbox explain --block rm -- rm -rf /work"]
        spec.exitCodes = [.init("0", "shown"), .init("3", "the sandbox is refused")]
        spec.action = { try SandboxExplainCommand($0).run() }
        return spec
    }()

    private let global: GlobalOptions
    private let sandbox: SandboxOptions
    private let argv: [String]

    private init(_ arguments: Arguments) throws(UsageError) {
        global = try GlobalOptions(arguments)
        sandbox = try SandboxOptions(arguments)
        argv = CommandWords.behindTerminator.map { String(decoding: $0, as: UTF8.self) }
    }

    /// What becomes of a command line.
    private struct Verdict: Sendable {
        let program: String
        /// The file that it is; nil if the sandbox has none of that name among its programs.
        let path: String?
        let denial: Failure?
    }

    private func run() throws -> Int32 {
        let context = try RunContext(global)
        let settings = sandbox.settings(context)
        let options = self
        let result = EventLoop.shared.run { () -> Result<(SandboxExplanation, Verdict?), Failure> in
            do throws(Failure) {
                let provider = SandboxProvider(settings)
                if let refusal = provider.refusal(of: options.sandbox.spec, launches: true) { throw refusal }
                let explanation = try SandboxExplanation(options.sandbox, context, provider)
                return .success((explanation, options.verdict(provider)))
            } catch {
                return .failure(error)
            }
        }
        switch result {
        case .success((let explanation, let verdict)):
            if global.json {
                try Results.write(json: Self.json(explanation, verdict))
            } else {
                try Results.write(Self.text(explanation, verdict))
            }
            return 0
        case .failure(let failure):
            Log.failure(failure)
            return Outcome.denied.exitCode
        }
    }

    @LoopActor
    private func verdict(_ provider: SandboxProvider) -> Verdict? {
        guard let program = argv.first else { return nil }
        return Verdict(
            program: program,
            path: ProgramResolver().resolve(program)?.path,
            denial: provider.judge(program, Array(argv.dropFirst()), executor: SandboxOptions.executor)
        )
    }

    private static func text(_ explanation: SandboxExplanation, _ verdict: Verdict?) -> String {
        var table = Table(["WHAT", "VALUE", "ORIGIN"])
        for line in explanation.lines { table.add([line.subject, line.value, line.origin]) }
        guard let verdict else { return table.text }
        let file = verdict.path.map { "is \($0)" } ?? "is no program of /usr; if a path, it is looked up inside"
        let denial = verdict.denial.map { failure in
            "denied: \(failure.message)" + (failure.hint.map { "; \($0)" } ?? "")
        }
        return table.text + "\n\(verdict.program) \(file)\n\(denial ?? "the lists have nothing against it")\n"
    }

    private static func json(_ explanation: SandboxExplanation, _ verdict: Verdict?) -> JSONValue {
        let lines = explanation.lines.map { line -> JSONValue in
            ["subject": .string(line.subject), "value": .string(line.value), "origin": .string(line.origin)]
        }
        var object = JSONObject([("policy", .array(lines))])
        if let verdict {
            var command = JSONObject([
                ("program", .string(verdict.program)), ("path", verdict.path.map { .string($0) } ?? .null),
                ("allowed", .bool(verdict.denial == nil)),
            ])
            if let denial = verdict.denial { command["reason"] = .string(denial.message) }
            object["command"] = .object(command)
        }
        return .object(object)
    }
}
