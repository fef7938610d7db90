internal import OstlerHost
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSystem
internal import OstlerTasks

/// Checks a whole file before any of it runs.
@LoopActor
struct FileCheck {
    /// What was found.
    struct Report {
        var tasks = 0
        var problems = 0

        var isEmpty: Bool { problems == 0 }
    }

    /// Which line had an id first; only for a stream, which cannot be read a second time.
    private var lines: [UInt64: Int] = [:]

    private let file: TaskFile
    private let host: Host
    private let isJSON: Bool
    /// More than these are only counted.
    private static let shown = 20

    init(_ file: TaskFile, _ host: Host, isJSON: Bool) {
        self.file = file
        self.host = host
        self.isJSON = isJSON
    }

    /// Tells each problem with its place as it is found.
    mutating func run() async -> Report {
        var report = Report()
        var ids = IDLedger()
        while let entry = await file.next() {
            report.tasks += 1
            switch entry.content {
            case .success(let spec):
                if file.isRegular { ids.add(spec.id) } else { tellIfRepeated(spec.id, entry.line, &report) }
                for problem in host.problems(of: spec) { tell(problem, entry.line, &report) }
            case .failure(let refusal): tell(refusal.failure, entry.line, column: refusal.column, &report)
            }
        }
        if let problem = file.problem { tell(.readingStopped(problem), file.lineNumber + 1, &report) }
        let repeated = ids.repeated()
        if !repeated.isEmpty { await tellRepeated(repeated, &report) }
        if report.problems > Self.shown {
            Diagnostics.error("… and \(report.problems - Self.shown) more")
        }
        return report
    }

    private mutating func tellIfRepeated(_ id: String, _ line: Int, _ report: inout Report) {
        let hash = IDLedger.hash(id)
        if let first = lines[hash] { tell(.repeatedID(id, line: first), line, &report) } else { lines[hash] = line }
    }

    private func tellRepeated(_ repeated: Set<UInt64>, _ report: inout Report) async {
        file.rewind()
        var first: [ExactKey: Int] = [:]
        while let entry = await file.next() {
            guard case .success(let spec) = entry.content, repeated.contains(IDLedger.hash(spec.id)) else { continue }
            if let line = first[ExactKey(spec.id)] {
                tell(.repeatedID(spec.id, line: line), entry.line, &report)
            } else {
                first[ExactKey(spec.id)] = entry.line
            }
        }
    }

    private func tell(_ failure: Failure, _ line: Int, column: Int? = nil, _ report: inout Report) {
        report.problems += 1
        guard report.problems <= Self.shown else { return }
        if isJSON {
            print(json(failure, line, column))
        } else {
            Diagnostics.failure(failure, at: Diagnostics.place(file.name, line, column))
        }
    }

    private func json(_ failure: Failure, _ line: Int, _ column: Int?) -> String {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("file")
        writer.string(file.name)
        writer.key("line")
        writer.int(line)
        if let column {
            writer.key("column")
            writer.int(column)
        }
        writer.key("error")
        failure.encode(into: &writer)
        writer.endObject()
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

extension FileCheck.Report: CustomStringConvertible {
    /// `1 problem in 2 tasks`.
    var description: String {
        "\(problems) problem\(problems == 1 ? "" : "s") in \(tasks) task\(tasks == 1 ? "" : "s")"
    }
}

extension Failure {
    /// - Parameter line: where the id was first.
    static func repeatedID(_ id: String, line: Int) -> Failure {
        Failure(
            "duplicate_id",
            fault: .user,
            message: "the id \(Quotation.text(id)) occurs twice, first in line \(line)",
            pointer: JSONPointer("/id"),
            hint: "give each task an id of its own, or none"
        )
    }

    fileprivate static func readingStopped(_ reason: String) -> Failure {
        Failure("file_unreadable", fault: .user, message: "reading stopped here: \(reason)")
    }
}
