internal import OstlerHost
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSystem
internal import OstlerTasks

/// Answers requests, several at once, by the ids that they came with. Whatever a line is, the next one is read.
@LoopActor
final class APIServer {
    /// Requests that wait for their turn. More of them are refused: who asks must not fill the memory.
    nonisolated static let mostWaiting = 1000

    private let answers = APIAnswers(output: OutputWriter(1))
    /// No line ends the session, however long it is.
    private let reader = LineReader(0, patience: .max)
    private let tasks: TaskQueue
    /// Nil if resources are not to be made.
    private let resources: ResourceQueue?
    /// Questions to executors that are not answered yet.
    private var asking = 0
    private var isInterrupted = false
    private var whenIdle: UnsafeContinuation<Void, Never>?

    /// - Parameters:
    ///   - jobs: how many tasks run at once.
    ///   - resources: where resources may be made; nil for nowhere.
    init(_ settings: HostSettings, _ origin: TaskOrigin, jobs: Int, resources scope: ResourceScope?) {
        tasks = TaskQueue(settings, origin, jobs: jobs, answers)
        resources = scope.map { [answers] in ResourceQueue($0, answers) }
        tasks.whenIdle = { [weak self] in self?.settle() }
        resources?.whenIdle = { [weak self] in self?.settle() }
        answers.output.whenBroken = { [weak self] in self?.giveUp() }
    }

    /// Serves until the end of the input, and until all that was asked is answered.
    /// - Returns: the exit code.
    func run() async -> Int32 {
        let interrupts = Interrupts { [weak self] _, count in self?.interrupt(count) }
        while !isInterrupted {
            await answers.output.room()
            guard let line = await reader.next() else { break }
            switch line {
            case .tooLong(let bytes): answers.refuse(.init(id: defaultID, failure: .lineTooLong(bytes)))
            case .text(let text):
                if text.allSatisfy({ [0x20, 0x09, 0x0D].contains($0) }) { continue }
                take(text)
            }
        }
        if !isIdle { await withUnsafeContinuation { whenIdle = $0 } }
        await answers.output.finish()
        await tasks.stop()
        await resources?.stop()
        if let problem = reader.problem { Log.error("stdin: reading stopped: \(problem)", code: "unreadable") }
        let isLost = answers.output.tellFault("stdout") || answers.output.isBroken || reader.problem != nil
        return interrupts.exitCode ?? (isLost ? Outcome.infra.exitCode : 0)
    }

    private var defaultID: String { "line-\(reader.number)" }
    private var isIdle: Bool { asking == 0 && tasks.isIdle && resources?.isIdle ?? true }

    private func interrupt(_ count: Int) {
        isInterrupted = true
        reader.stop()
        if count > 1 {
            answers.output.hurry()
            resources?.abandon()
            return tasks.abandon()
        }
        tasks.cancelAll()
        resources?.cancelAll()
        settle()
    }

    /// Nobody reads the answers any more: what was asked for is not done for nobody.
    private func giveUp() {
        if answers.output.fault == nil {
            Log.error("stdout was closed by its reader: what runs or waits is cancelled", code: "output_lost")
        }
        isInterrupted = true
        reader.stop()
        tasks.cancelAll()
        resources?.cancelAll()
        settle()
    }

    private func settle() {
        if isIdle { whenIdle.take()?.resume() }
    }

    // MARK: Requests

    private func take(_ text: [UInt8]) {
        do throws(APIRequest.Refusal) {
            let request = try APIRequest(parsing: text, defaultID: defaultID)
            do throws(Failure) {
                try take(request)
            } catch {
                throw APIRequest.Refusal(kind: request.kind, id: request.id, failure: error)
            }
        } catch {
            answers.refuse(error)
        }
    }

    private func take(_ request: APIRequest) throws(Failure) {
        try request.checkMembers()
        switch request.kind {
        case .run, .plan:
            try checkRoom(for: request.id)
            try tasks.add(request)
        case .validate: validate(request)
        case .status: status(request.id, of: try request.target())
        case .cancel: try cancel(request)
        case .health:
            try checkBound()
            health(request.id)
        case .ensure, .monitor:
            guard let resources else { throw .noResources }
            try checkRoom(for: request.id)
            try resources.add(request)
        }
    }

    private func checkRoom(for id: String) throws(Failure) {
        guard state(of: id) == .unknown else {
            throw Failure(
                "duplicate_id",
                fault: .user,
                message: "a request with the id \(Quotation.text(id)) is not answered yet",
                pointer: JSONPointer("/id"),
                hint: "give each request an id of its own, or none"
            )
        }
        try checkBound()
    }

    private func checkBound() throws(Failure) {
        guard asking + tasks.waitingIDs.count + (resources?.waitingIDs.count ?? 0) < Self.mostWaiting else {
            throw Failure(
                "too_many_requests",
                fault: .user,
                retry: .after,
                message: "\(Self.mostWaiting) requests are waiting for their turn already",
                hint: "wait for answers before you ask for more"
            )
        }
    }

    private func validate(_ request: APIRequest) {
        var problems: [Failure]
        do throws(Failure) {
            problems = tasks.host.problems(of: try tasks.spec(of: request)).map(\.inTaskRequest)
        } catch {
            problems = [error]
        }
        answers.answer(.validate, request.id) { $0.verdict(problems) }
    }

    private enum State: String {
        case running
        case waiting
        /// Answered, or never asked.
        case unknown
    }

    private func state(of id: String) -> State {
        if tasks.running.contains(id) || resources?.running == id { return .running }
        return (tasks.waitingIDs + (resources?.waitingIDs ?? [])).contains(id) ? .waiting : .unknown
    }

    private func status(_ id: String, of target: String?) {
        answers.answer(.status, id) { writer in
            writer.beginObject()
            if let target {
                writer.key("id")
                writer.string(target)
                writer.key("state")
                writer.string(state(of: target).rawValue)
            } else {
                writer.key("running")
                writer.strings((Array(tasks.running) + [resources?.running].compactMap(\.self)).sorted())
                writer.key("waiting")
                writer.strings(tasks.waitingIDs + (resources?.waitingIDs ?? []))
            }
            writer.endObject()
        }
    }

    private func cancel(_ request: APIRequest) throws(Failure) {
        guard let target = try request.target() else {
            throw Failure(
                "missing_member",
                fault: .user,
                message: "properties.id is missing: say which request",
                pointer: JSONPointer("/properties/id")
            )
        }
        let state = state(of: target)
        tasks.cancel(target)
        resources?.cancel(target)
        answers.answer(.cancel, request.id) { writer in
            writer.beginObject()
            writer.key("id")
            writer.string(target)
            writer.key("was")
            writer.string(state.rawValue)
            writer.endObject()
        }
        settle()
    }

    private func health(_ id: String) {
        asking += 1
        Task(executorPreference: EventLoop.shared) { await self.askExecutors(id) }
    }

    private func askExecutors(_ id: String) async {
        let results = await tasks.host.health()
        asking -= 1
        answers.answer(.health, id) { writer in
            writer.beginObject()
            for (executor, result) in results {
                writer.key(dynamic: executor)
                result.encode(into: &writer)
            }
            writer.endObject()
        }
        settle()
    }
}

extension Failure {
    fileprivate static let noResources = Failure(
        "no_root",
        fault: .user,
        message: "resources are not made by this session",
        pointer: JSONPointer("/protocol"),
        hint: "start ostler api with --root DIR, below which requests may make them; / is this machine"
    )

    fileprivate static func lineTooLong(_ bytes: Int) -> Failure {
        Failure(
            "line_too_long",
            fault: .user,
            message: "the line has \(bytes) bytes; a request has at most \(LineReader.maximumBytes)",
            limit: .init(
                name: "line_bytes",
                limit: UInt64(LineReader.maximumBytes),
                observed: UInt64(clamping: bytes)
            )
        )
    }
}
