import OstlerJSON
import OstlerProtocol
import OstlerResources
import OstlerTasks
import Synchronization

/// A machine in memory. Its program `do` makes what is named with `+` and removes what is named with `-`; `test` asks
/// for a path, and `need` cannot be started without it; `exit` ends with a code, each time with the next of several; `spend`
/// takes milliseconds; `refuse` fails and has no code, `say` ends with an outcome and an error that names a next try.
final class FakeWorld: ResourceWorld {
    struct State {
        /// Paths, and what is in them; nil for a directory.
        var files: [String: String?] = ["/": nil]
        var ran: [String] = []
        var pauses: [Int64] = []
        var tries: [String: Int] = [:]
        /// What its clock shows.
        var microseconds: Int64 = 0
        /// Of each task, as it was given.
        var limits: [(timeout: Int64??, runTimeout: Int64??)] = []
        /// What the configuration says of the time of a task.
        var defaultTimeout: Int64?
        /// What whatever is run makes besides.
        var makes: [String] = []
        /// Paths that cannot be looked up.
        var closed: Set<String> = []
        /// Links, by the path that they stand at; what they lead to is absolute.
        var links: [String: String] = [:]
        /// Of directories, where it is not what a file resource gives by default.
        var modes: [String: UInt32] = [:]
    }

    let state: Mutex<State>

    init(_ files: [String: String?] = [:]) {
        var state = State()
        state.files.merge(files) { $1 }
        self.state = Mutex(state)
    }

    var files: [String: String?] { state.withLock { $0.files } }
    var ran: [String] { state.withLock { $0.ran } }
    var pauses: [Int64] { state.withLock { $0.pauses } }
    var limits: [(timeout: Int64??, runTimeout: Int64??)] { state.withLock { $0.limits } }
    var clock: () -> Int64 { { self.state.withLock { $0.microseconds } } }

    func copy() -> FakeWorld { FakeWorld(files) }

    func resolve(_ path: String) async -> ResolvedPath {
        let links = state.withLock { $0.links }
        let place = Self.way(path, links, followsLast: false)
        return ResolvedPath(place: place, end: Self.way(path, links, followsLast: true))
    }

    private static func way(_ path: String, _ links: [String: String], followsLast: Bool) -> ResolvedPath.Way {
        var way = ResolvedPath.Way("/")
        var rest = path.split(separator: "/").map(String.init)
        while !rest.isEmpty {
            let next = PathText.joined(way.path, rest.removeFirst())
            guard let target = links[next], followsLast || !rest.isEmpty else {
                way.path = next
                continue
            }
            (way.path, way.links) = (target, way.links + [next])
        }
        return way
    }

    private func real(_ path: String, followsLast: Bool) -> String {
        Self.way(path, state.withLock { $0.links }, followsLast: followsLast).path
    }

    func begin(_ resource: Resource) async {}

    func end(_ outcome: ResourceOutcome) async {}

    func exists(_ path: String) async throws(Failure) -> Bool {
        guard state.withLock({ !$0.closed.contains(path) }) else {
            throw Failure("file_unavailable", fault: .task, message: "\(path): closed", hint: "open it")
        }
        let path = real(path, followsLast: true)
        return state.withLock { $0.files[path] != nil }
    }

    func inspect(_ file: FileResource, withDiff: Bool) async throws(Failure) -> FileInspection {
        var file = file
        file.path = real(file.path, followsLast: false)
        let (files, parent) = (files, PathText.directory(of: file.path))
        let found = files[file.path]
        var hasParent = false
        if case .some(.none) = files[parent] { hasParent = true }
        var result = FileInspection(
            found: found.map { $0 == nil ? .directory : .file } ?? .nothing,
            hasParent: hasParent
        )
        if state.withLock({ $0.links[file.path] != nil }) { result.found = .other }
        switch (file.ensure, result.found) {
        case (.absent, .nothing): break
        case (.directory, .directory):
            let mode = state.withLock { $0.modes[file.path] ?? 0o755 }
            if let wanted = file.mode, wanted != mode {
                result.differences = [FileInspection.difference(ofMode: mode, to: wanted)]
            }
        case (.absent, _):
            result.differences = ["exists"]
            if result.found == .directory { result.holds = Self.names(in: file.path, files) }
        case (.present, .directory): throw .isDirectory(file.path)
        case (.directory, .file), (.directory, .other): throw .notDirectory(file.path)
        case (_, .nothing): result.differences = ["absent"]
        case (_, .other): result.differences = ["not a file"]
        default:
            if case .text(let text) = file.content, found != .some(text) { result.differences = ["content"] }
        }
        return result
    }

    func make(_ file: FileResource) async throws(Failure) {
        guard try await inspect(file, withDiff: false).hasParent || file.ensure == .absent else {
            throw .noParent(PathText.directory(of: file.path))
        }
        var file = file
        file.path = real(file.path, followsLast: false)
        try state.withLock { (state) throws(Failure) in
            let wasLink = state.links.removeValue(forKey: file.path) != nil
            switch file.ensure {
            case .absent where wasLink: return
            case .absent:
                guard Self.names(in: file.path, state.files).isEmpty else { throw .notEmpty(file.path) }
                state.files[file.path] = nil
                state.modes[file.path] = nil
            case .directory:
                state.files[file.path] = .some(nil)
                if let mode = file.mode { state.modes[file.path] = mode }
            case .present:
                if case .text(let text) = file.content { state.files[file.path] = text }
                if file.content == nil, state.files[file.path] == nil { state.files[file.path] = "" }
            }
        }
    }

    private static func names(in path: String, _ files: [String: String?]) -> [String] {
        files.keys.filter { $0 != "/" && PathText.directory(of: $0) == path }.map {
            String($0.split(separator: "/").last ?? "")
        }
    }

    private static func remove(_ path: String, _ state: inout State) {
        state.links[path] = nil
        state.files = state.files.filter { $0.key != path && !$0.key.hasPrefix(path + "/") }
        state.modes = state.modes.filter { $0.key != path && !$0.key.hasPrefix(path + "/") }
    }

    func run(_ task: TaskSpec, attempt: Int, loggedAs title: String?) async -> TaskResult {
        let payload = try? JSONValue(parsing: task.payload)
        var argv = [payload?["command"]?.string ?? ""] + (payload?["args"]?.array ?? []).compactMap(\.string)
        if argv.first == "/bin/sh" { argv = argv.last?.split(separator: " ").map(String.init) ?? [] }
        let code = state.withLock { state in
            state.ran.append(argv.joined(separator: " "))
            state.limits.append((task.timeout, task.runTimeout))
            for path in state.makes { state.files[path] = "made" }
            return Self.perform(argv, task, &state)
        }
        var result = TaskResult(
            id: task.id,
            origin: TaskOrigin(runID: "r", principal: "p"),
            executor: task.executor,
            outcome: code == 0 ? .succeeded : code == 124 ? .timeout : .failed,
            exitCode: code < 0 ? -1 : code
        )
        switch argv.first {
        case "refuse": result.outcome = .failed
        case "need" where code < 0:
            result.error = Failure("command_not_found", fault: .user, message: "there is no \(argv[1])")
        case "say":
            result.outcome = Outcome(rawValue: argv[1]) ?? .lost
            let retry = Failure.Retry(rawValue: argv[2]) ?? .never
            result.error = Failure("said", fault: .task, retry: retry, sideEffects: .possible, message: "said")
        default: if code < 0 { result.signal = -code }
        }
        if code == 124, case let limit?? = task.timeout {
            result.error = TimeLimit(milliseconds: limit, observed: limit).failure(dispatched: true)
        }
        return result
    }

    private static func perform(_ argv: [String], _ task: TaskSpec, _ state: inout State) -> Int32 {
        switch argv.first {
        case "need": return state.files[argv[1]] != nil ? 0 : -1
        case "say": return 1
        case "spend":
            let (wanted, limit) = (Int64(argv[1]) ?? 0, task.timeout.flatMap(\.self) ?? .max)
            state.microseconds += min(wanted, limit) * 1000
            return wanted > limit ? 124 : Int32(argv.dropFirst(2).first ?? "0") ?? 0
        case "test": return state.files[argv[1]] != nil ? 0 : 1
        case "exit":
            let tries = state.tries[argv.joined(), default: 0]
            state.tries[argv.joined()] = tries + 1
            return Int32(argv[1 + min(tries, argv.count - 2)]) ?? 99
        default: break
        }
        for word in argv.dropFirst() {
            let path = String(word.dropFirst())
            if word.hasPrefix("+") {
                add(way(path, state.links, followsLast: true).path, &state)
            } else {
                remove(way(path, state.links, followsLast: false).path, &state)
            }
        }
        return 0
    }

    /// What a command makes has a mode of its own.
    private static func add(_ path: String, _ state: inout State) {
        for ancestor in PathText.ancestors(of: path) where state.files[ancestor] == nil {
            state.files[ancestor] = .some(nil)
            state.modes[ancestor] = 0o750
        }
        state.files[path] = "made"
    }

    /// Of the executors that are named by their class; of any other it is `unsafe`.
    func idempotency(of executor: String) async -> Idempotency { Idempotency(rawValue: executor) ?? .unsafe }

    var defaultTimeout: Int64? { state.withLock { $0.defaultTimeout } }

    func pause(milliseconds: Int64) async { state.withLock { $0.pauses.append(milliseconds) } }

    var isInterrupted: Bool { false }
}
