internal import OstlerCommandLine
internal import OstlerHost
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSandbox
internal import OstlerSystem
internal import OstlerTasks

/// `ostler sandbox why`: what can be done with a path or program inside, and what decides it.
struct SandboxWhyCommand: Sendable {
    static let spec: CommandSpec = {
        var spec = CommandSpec("why", "Says what a command could do with a path or a program, and what decides it.")
        spec.details = [
            "The sandbox is built and the kernel is asked in it: nothing is executed and nothing is changed. A name "
                + "without a slash is a program, which is looked up along the sandbox's PATH."
        ]
        spec.synopsis = ["PATH|PROGRAM [OPTIONS]", "[OPTIONS] -- PATH|PROGRAM…"]
        spec.parameters = [
            CommandParameter("PATH|PROGRAM", "What to ask about.", isRequired: false, completion: .file)
        ]
        spec.sections = SandboxOptions.sections + [GlobalOptions.sectionWithoutPlugins]
        spec.takesCommandLine = true
        spec.examples = ["ostler sandbox why /etc/passwd", "ostler sandbox why --block rm rm --json"]
        spec.exitCodes = [
            .init("0", "answered"), .init("3", "the sandbox is refused"), .init("5", "no sandbox could be built"),
        ]
        spec.action = { try SandboxWhyCommand($0).run() }
        return spec
    }()

    private let global: GlobalOptions
    private let sandbox: SandboxOptions
    private let questions: [String]

    private init(_ arguments: Arguments) throws(UsageError) {
        global = try GlobalOptions(arguments)
        sandbox = try SandboxOptions(arguments)
        let more = CommandWords.behindTerminator.map { String(decoding: $0, as: UTF8.self) }
        questions = (arguments.parameter(0).map { [$0] } ?? []) + more
        guard !questions.isEmpty else { throw UsageError("name a path or a program to ask about") }
        guard !questions.contains("") else { throw UsageError("an empty word is no path and no program") }
    }

    private func run() throws -> Int32 {
        let context = try RunContext(global)
        let settings = sandbox.settings(context)
        let options = self
        let result = EventLoop.shared.run { () -> Result<[SandboxAnswer], Failure> in
            let provider = SandboxProvider(settings)
            defer { provider.launcher.stop() }
            do throws(Failure) {
                return .success(try await options.answers(provider, context))
            } catch {
                return .failure(error)
            }
        }
        switch result {
        case .success(let answers):
            if global.json {
                for answer in answers { try Results.write(json: answer.json) }
            } else {
                try Results.write(answers.map(\.text).joined(separator: "\n"))
            }
            return 0
        case .failure(let failure):
            Log.failure(failure)
            return failure.fault == .user ? Outcome.denied.exitCode : Outcome.sandboxError.exitCode
        }
    }

    @LoopActor
    private func answers(_ provider: SandboxProvider, _ context: RunContext) async throws(Failure) -> [SandboxAnswer] {
        if let refusal = provider.refusal(of: sandbox.spec, launches: true) { throw refusal }
        let policy = try provider.policy(for: sandbox.spec, executor: SandboxOptions.executor)
        let directory = sandbox.startDirectory(try provider.effective(for: sandbox.spec.sandbox))
        let candidates = questions.map(Self.candidates)
        let asked: [ViewAnswer]
        do throws(LaunchFailure) {
            let words = candidates.flatMap { $0 }.map { Array($0.utf8) }
            asked = try await SandboxProbe(provider)
                .ask(policy, words, in: directory, spool: Composition.spoolDirectory)
        } catch {
            throw Failure.notStarted(error, Array(questions[0].utf8))
        }
        let explanation = try SandboxExplanation(sandbox, context, provider)
        let steps = provider.planner.plan(policy).steps
        var rest = asked[...]
        return zip(questions, candidates).map { question, paths in
            let own = Array(zip(paths, rest.prefix(paths.count)))
            rest = rest.dropFirst(paths.count)
            // As a shell searches: the first that can be executed, else the first that is there.
            let found = own.first { $0.1.execute == 0 } ?? own.first { $0.1.found == 0 } ?? own[0]
            let isName = question.firstSlash == nil
            let denial = isName ? provider.judge(question, [], executor: SandboxOptions.executor) : nil
            return SandboxAnswer(question, at: found.0, found.1, denial, steps, explanation)
        }
    }

    /// The paths that a question may mean.
    private static func candidates(_ question: String) -> [String] {
        guard question.firstSlash == nil else { return [question] }
        return SandboxPolicy.searchPath.split(separator: ":").map { "\($0)/\(question)" }
    }
}
