import OstlerJSON
import OstlerProtocol
import OstlerResources
import OstlerTasks
import Synchronization

/// A machine in memory. Its program `do` makes what is named with `+` and removes what is named with `-`; `test` asks
/// for a path; `exit` ends with a code, each time with the next of several; `refuse` fails and has no code.
final class FakeWorld: ResourceWorld {
    struct State {
        /// Paths, and what is in them; nil for a directory.
        var files: [String: String?] = ["/": nil]
        var ran: [String] = []
        var pauses: [Int64] = []
        var tries: [String: Int] = [:]
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

    func copy() -> FakeWorld { FakeWorld(files) }

    func exists(_ path: String) async throws(Failure) -> Bool { state.withLock { $0.files[path] != nil } }

    func inspect(_ file: FileResource, withDiff: Bool) async throws(Failure) -> FileInspection {
        let (files, parent) = (files, PathText.directory(of: file.path))
        let found = files[file.path]
        var hasParent = false
        if case .some(.none) = files[parent] { hasParent = true }
        var result = FileInspection(
            found: found.map { $0 == nil ? .directory : .file } ?? .nothing,
            hasParent: hasParent
        )
        switch (file.ensure, result.found) {
        case (.absent, .nothing), (.directory, .directory): break
        case (.absent, _):
            result.differences = ["exists"]
            if result.found == .directory { result.holds = Self.names(in: file.path, files) }
        case (.present, .directory): throw .isDirectory(file.path)
        case (.directory, .file): throw .notDirectory(file.path)
        case (_, .nothing): result.differences = ["absent"]
        default:
            if case .text(let text) = file.content, found != .some(text) { result.differences = ["content"] }
        }
        return result
    }

    func make(_ file: FileResource) async throws(Failure) {
        guard try await inspect(file, withDiff: false).hasParent || file.ensure == .absent else {
            throw .noParent(PathText.directory(of: file.path))
        }
        try state.withLock { (state) throws(Failure) in
            switch file.ensure {
            case .absent:
                guard Self.names(in: file.path, state.files).isEmpty else { throw .notEmpty(file.path) }
                state.files[file.path] = nil
            case .directory: state.files[file.path] = .some(nil)
            case .present:
                if case .text(let text) = file.content { state.files[file.path] = text }
                if file.content == nil, state.files[file.path] == nil { state.files[file.path] = "" }
            }
        }
    }

    private static func names(in path: String, _ files: [String: String?]) -> [String] {
        files.keys.filter { $0 != "/" && PathText.directory(of: $0) == path }.map {
            String($0.split(separator: "/").last!)
        }
    }

    private static func remove(_ path: String, _ files: inout [String: String?]) {
        files = files.filter { $0.key != path && !$0.key.hasPrefix(path + "/") }
    }

    func run(_ task: TaskSpec, loggedAs title: String?) async -> TaskResult {
        let payload = try? JSONValue(parsing: task.payload)
        let argv = [payload?["command"]?.string ?? ""] + (payload?["args"]?.array ?? []).compactMap(\.string)
        let code = state.withLock { state in
            state.ran.append(argv.joined(separator: " "))
            return Self.perform(argv, &state)
        }
        var result = TaskResult(
            id: task.id,
            origin: TaskOrigin(runID: "r", principal: "p"),
            executor: task.executor,
            outcome: argv.first == "refuse" ? .failed : code == 0 ? .succeeded : code == 124 ? .timeout : .failed,
            exitCode: code < 0 ? -1 : code
        )
        if code < 0 { result.signal = -code }
        return result
    }

    private static func perform(_ argv: [String], _ state: inout State) -> Int32 {
        switch argv.first {
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
                for ancestor in PathText.ancestors(of: path) where state.files[ancestor] == nil {
                    state.files[ancestor] = .some(nil)
                }
                state.files[path] = "made"
            } else {
                remove(path, &state.files)
            }
        }
        return 0
    }

    func pause(milliseconds: Int64) async { state.withLock { $0.pauses.append(milliseconds) } }

    var isInterrupted: Bool { false }
}
