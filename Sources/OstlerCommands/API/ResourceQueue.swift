internal import Glibc
internal import OstlerApply
internal import OstlerConfig
internal import OstlerHost
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerResources
internal import OstlerSystem
internal import OstlerTasks

/// Makes the resources that requests describe, one after another in the order in which they came: each may refer to
/// those before it.
@LoopActor
final class ResourceQueue {
    private struct Order {
        let kind: APIRequest.Kind
        let id: String
        let resource: Resource
    }

    private let scope: ResourceScope
    private let host: Host
    private let answers: APIAnswers
    private let reader: ResourceRequestReader
    private var waiting: [Order] = []
    private var current: (id: String, world: HostWorld)?
    private var names = ResourceNames()
    private var memory = ApplyMemory()
    /// Told when nothing is left to do.
    var whenIdle: () -> Void = {}

    init(_ scope: ResourceScope, _ answers: APIAnswers) {
        self.scope = scope
        self.answers = answers
        host = Host(scope.settings)
        let providers = ExecProviderRegistry.standard { access("/bin/sh", X_OK) == 0 }
        reader = ResourceRequestReader(providers: providers) { Log.warning($0) }
    }

    var isIdle: Bool { current == nil && waiting.isEmpty }
    var running: String? { current?.id }
    var waitingIDs: [String] { waiting.map(\.id) }

    /// Takes a request, whose turn comes when those before it are answered.
    func add(_ request: APIRequest) throws(Failure) {
        let resource = try resource(of: request)
        if request.kind == .ensure { try names.take(resource) }
        waiting.append(Order(kind: request.kind, id: request.id, resource: resource))
        next()
    }

    private func resource(of request: APIRequest) throws(Failure) -> Resource {
        let properties = request.properties.flatMap { try? JSONValue(parsing: $0) } ?? .null
        do throws(ConfigFailure) {
            return try reader.read(kind: request.type ?? "", properties, request: request.id)
        } catch {
            throw Failure(error, of: request)
        }
    }

    /// Cancels what is asked for under an id; it is answered, too.
    func cancel(_ id: String) {
        if current?.id == id { current?.world.interrupt() }
        guard let index = waiting.firstIndex(where: { $0.id == id }) else { return }
        tellCancelled(waiting.remove(at: index))
    }

    func cancelAll() {
        let left = waiting
        waiting = []
        for order in left { tellCancelled(order) }
        current?.world.interrupt()
    }

    /// Kills what runs, without grace.
    func abandon() { host.abandon() }

    func stop() async { await host.stop() }

    // MARK: Its turn

    private func next() {
        guard current == nil else { return }
        guard !waiting.isEmpty else { return whenIdle() }
        let order = waiting.removeFirst()
        let vault = host.provider.vault
        let world = HostWorld(
            files: scope.files,
            host: host,
            origin: scope.origin,
            tracing: scope.settings.tracing
        ) { title, line in
            Log.info(vault.masked(line), .init(task: vault.masked(title)))
        }
        current = (order.id, world)
        Task(executorPreference: EventLoop.shared) { await self.execute(order, world) }
    }

    private func execute(_ order: Order, _ world: HostWorld) async {
        var mode = scope.mode
        mode.isMonitor = order.kind == .monitor
        // What would have been done matters to the next only where nothing is done at all.
        if !mode.isNoop { memory.forecast = Forecast() }
        if let problem = host.problems(of: order.resource, needsView: scope.needsView).first {
            tell(order, .init(refused: order.resource, mode, problem))
        } else {
            tell(order, await ensure(order.resource, mode, world))
        }
        current = nil
        next()
    }

    /// Beside the loop, which serves the tasks while files are looked at.
    private func ensure(_ resource: Resource, _ mode: ApplyMode, _ world: HostWorld) async -> ResourceOutcome {
        let lent = Handover(memory.lent(to: resource))
        let (outcome, after) = await Task.detached {
            let run = ApplyRun(world, mode, after: lent.take(), clock: { Instant.now.nanoseconds / 1000 })
            let outcome = await run.ensure(resource)
            return (outcome, run.memory.forecast)
        }.value
        memory.forecast = after
        return outcome
    }

    // MARK: Answers

    private func tell(_ order: Order, _ outcome: ResourceOutcome) {
        if order.kind == .ensure { memory.keep(outcome) }
        var told = host.provider.vault.masked(outcome)
        told.error = told.error?.inProperties
        answers.answer(order.kind, order.id) { told.encode(into: &$0) }
    }

    private func tellCancelled(_ order: Order) {
        tell(order, .init(refused: order.resource, scope.mode, .cancelledBeforeItsTurn("the resource")))
    }
}

extension Failure {
    /// What is wrong with the properties of a request.
    fileprivate init(_ failure: ConfigFailure, of request: APIRequest) {
        guard let first = failure.problems.first else {
            self.init("invalid_value", fault: .user, message: failure.description)
            return
        }
        let isKind = first.code == .unknownType && first.pointer == .root
        self.init(
            first.code.rawValue,
            fault: .user,
            message: first.message,
            pointer: JSONPointer(isKind ? "/type" : "/properties" + first.pointer.description),
            hint: first.hint
        )
        let more = failure.problems.count - 1 + failure.omitted
        if more > 0 { message += " (and \(more) more)" }
    }

    /// With its place in the request, whose properties are a resource.
    fileprivate var inProperties: Failure {
        guard let pointer else { return self }
        var failure = self
        failure.pointer = JSONPointer("/properties" + pointer.description)
        return failure
    }

    /// With its place in the request, whose type and properties are a task.
    var inTaskRequest: Failure {
        switch pointer?.description {
        case "/id": return self
        case "/executor":
            var failure = self
            failure.pointer = JSONPointer("/type")
            return failure
        default: return inProperties
        }
    }

    /// Nothing of it has begun.
    static func cancelledBeforeItsTurn(_ what: String) -> Failure {
        Failure("cancelled", fault: .user, message: "\(what) was cancelled before its turn came")
    }
}
