internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerTasks

/// Guards ask it; without effects it answers by what earlier resources would have changed.
final class ResourceProbe<World: ResourceWorld>: GuardProbe {
    private let resource: Resource
    private let world: World
    private let budget: TimeBudget
    private let model: EffectModel?
    /// Why an answer may be another one when it is the resource's turn; nil if it cannot.
    private(set) var doubt: Doubt?
    /// What was answered so far.
    private(set) var answers = GuardAnswers()
    /// What a guard that could not be asked came to, where that is more than a failure.
    private(set) var ending: Outcome?

    init(_ resource: Resource, _ world: World, _ budget: TimeBudget, _ model: EffectModel?) {
        self.resource = resource
        self.world = world
        self.budget = budget
        self.model = model
    }

    func exists(_ path: String) async throws(Failure) -> Bool {
        let exists = try await look(resource.absolute(path))
        answers.creates = exists
        return exists
    }

    private func look(_ path: String) async throws(Failure) -> Bool {
        guard let model else { return try await ask(path) }
        let place = await world.resolve(path)
        let knowledge = model.knowledge(following: place)
        switch knowledge {
        case .asItIs, .kept: break
        case .absent: return false
        case .directory, .file, .something: return true
        case .unknown: doubt = .path(path, model.knowledge(of: place.place) == .asItIs ? place.end : place.place, model)
        }
        let exists = try await ask(path)
        if knowledge == .kept, !exists { doubt = .path(path, place.place, model) }
        return exists
    }

    private func ask(_ path: String) async throws(Failure) -> Bool {
        do throws(Failure) {
            return try await world.exists(path)
        } catch {
            throw .guardUnanswered(path, error.message, hint: error.hint)
        }
    }

    func run(_ command: GuardCommand) async throws(Failure) -> Int32 {
        if let model, model.isTouched { doubt = doubt ?? .earlier(model) }
        let code = try await exitCode(of: command)
        // It is asked before the other one.
        if resource.guards.onlyif != nil, answers.onlyif == nil {
            answers.onlyif = code == 0
        } else {
            answers.unless = code == 0
        }
        return code
    }

    private func exitCode(of command: GuardCommand) async throws(Failure) -> Int32 {
        var task = resource.task(for: try resource.request(for: command), as: "guard")
        task.isQuestion = true
        task.timeout = budget.left
        // The whole is limited, and no part of it: no limit of the configuration's is to take its place.
        task.runTimeout = budget.left
        let result = await world.run(task, attempt: 1, loggedAs: nil)
        switch result.end {
        case .exited(let code) where resource.isUnstarted(command, code):
            throw .guardNotStarted(command.quoted, "the shell says \(code): \(result.errorOutput.lastLine)")
        case .exited(let code): return code
        case .signalled(let signal): throw .guardSignalled(command, signal)
        case .timedOut:
            ending = .timeout
            let limit = TimeLimit(.guards, milliseconds: budget.limit ?? budget.spent, observed: budget.spent)
            throw limit.failure(dispatched: true)
        case nil: break
        }
        var failure = result.failure
        // What is at fault is the command that the guard names, and not whoever should have run it.
        if result.outcome == .failed { throw .guardNotStarted(command.quoted, failure.message) }
        ending = result.outcome
        failure.message = "the guard \(command.quoted) could not be asked: \(failure.message)"
        failure.sideEffects = .none
        throw failure
    }
}

extension Resource {
    /// A path as its command would mean it.
    func absolute(_ path: String) -> String {
        PathText.normalized(PathText.joined(surroundings.directory, path)) ?? path
    }

    /// Whether an exit code is the word of a shell that could not find or not start what a guard's line names, and so no
    /// answer.
    fileprivate func isUnstarted(_ command: GuardCommand, _ code: Int32) -> Bool {
        guard code == 126 || code == 127, case .line = command, case .exec(let exec) = body else { return false }
        return exec.provider == ExecProvider.shellName
    }
}
