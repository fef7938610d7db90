internal import Glibc
internal import OstlerCommandLine
internal import OstlerHost
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSystem
internal import OstlerTasks

/// A file of tasks, one JSON object a line. Empty lines are passed over.
@LoopActor
final class TaskFile {
    /// One line that says something.
    struct Entry {
        let line: Int
        /// The task, or the failure with the id that its result goes under.
        let content: Result<TaskSpec, Refusal>
    }

    /// A line that is no task.
    struct Refusal: Error {
        let id: String
        let failure: Failure
        /// Where in the line it is no JSON, counted from 1 in characters.
        var column: Int?
    }

    let name: String
    /// Whether it can be read twice, so that all of it is checked before any of it runs.
    let isRegular: Bool
    private let input: Int32
    private let reader: LineReader
    private var parser: TaskSpecParser
    private let adjust: @Sendable (inout TaskSpec) -> Void

    /// Opens the file; `-` is stdin.
    /// - Parameters:
    ///   - purpose: whether tasks may say something to a queue.
    ///   - adjust: what the command line adds to each task.
    init(
        _ path: String,
        for purpose: TaskSpecParser.Purpose = .run,
        _ adjust: @escaping @Sendable (inout TaskSpec) -> Void
    ) throws(UsageError) {
        name = path == "-" ? "stdin" : path
        // Without O_NONBLOCK a FIFO that nobody writes to would hold up the loop, and with it every signal.
        input = path == "-" ? 0 : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard input >= 0 else { throw UsageError("--file \(path): \(String(cString: strerror(errno)))") }
        var status = stat()
        fstat(input, &status)
        // What was closed by the caller has been put in its place by `StandardStreams`: nobody can read from it.
        guard fcntl(input, F_GETFL) & O_ACCMODE != O_WRONLY else { throw UsageError("--file \(path): it is closed") }
        guard status.st_mode & S_IFMT != S_IFDIR else { throw UsageError("--file \(path): it is a directory") }
        isRegular = status.st_mode & S_IFMT == S_IFREG
        reader = LineReader(input)
        parser = TaskSpecParser(for: purpose)
        self.adjust = adjust
    }

    /// The next line that is not empty; nil at the end.
    func next() async -> Entry? {
        while let line = await reader.next() {
            let number = reader.number
            switch line {
            case .tooLong(let bytes): return Entry(line: number, content: .failure(tooLong(number, bytes)))
            case .text(let text):
                if text.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
                return Entry(line: number, content: parse(text, number))
            }
        }
        return nil
    }

    private func parse(_ text: [UInt8], _ number: Int) -> Result<TaskSpec, Refusal> {
        let id = "line-\(number)"
        do throws(Failure) {
            if text.starts(with: [0xEF, 0xBB, 0xBF]) { throw Self.byteOrderMark }
            var spec = try text.withUnsafeBufferPointer { (buffer) throws(Failure) in
                try parser.parse(buffer, defaultID: id)
            }
            adjust(&spec)
            return .success(spec)
        } catch {
            let column = parser.faultOffset.map { TextPosition(of: $0, in: text).column }
            return .failure(Refusal(id: id, failure: error, column: error.code == "invalid_json" ? column : nil))
        }
    }

    /// `tasks.jsonl:3:5`, as editors and compilers have it.
    nonisolated static func place(_ file: String, _ line: Int, _ column: Int?) -> String {
        "\(file):\(line)" + (column.map { ":\($0)" } ?? "")
    }

    private static let byteOrderMark = Failure(
        "byte_order_mark",
        fault: .user,
        message: "the file begins with a byte order mark, which JSON does not allow",
        hint: "save it as UTF-8 without BOM"
    )

    private func tooLong(_ number: Int, _ bytes: Int) -> Refusal {
        let limit = Failure.Limit(name: "line_bytes", limit: UInt64(LineReader.maximumBytes), observed: UInt64(bytes))
        return Refusal(
            id: "line-\(number)",
            failure: Failure(
                "line_too_long",
                fault: .user,
                message: "the line has \(bytes) bytes; a task has at most \(LineReader.maximumBytes)",
                limit: limit,
                hint: "pass large input by a file (--in) rather than in the payload"
            )
        )
    }

    /// Why reading stopped before the end, if it did.
    var problem: String? { reader.problem }

    /// Where reading has come to.
    var lineNumber: Int { reader.number }

    func rewind() { reader.rewind() }

    func stop() { reader.stop() }

    /// Whether reading was stopped before its end.
    var isStopped: Bool { reader.isStopped }
}

/// Finds ids that occur twice, with eight bytes for each task.
struct IDLedger {
    private var hashes: [UInt64] = []

    mutating func add(_ id: String) {
        hashes.append(Self.hash(id))
    }

    /// The hashes that occur more than once.
    mutating func repeated() -> Set<UInt64> {
        hashes.sort()
        var found: Set<UInt64> = []
        for (left, right) in zip(hashes, hashes.dropFirst()) where left == right { found.insert(left) }
        return found
    }

    /// The same for one process, so that it can be looked up in a second pass; nobody can make up two ids of one hash.
    static func hash(_ id: String) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(ExactKey(id))
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }
}
