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
    func run() async -> Report {
        var report = Report()
        var ids = IDLedger()
        while let entry = await file.next() {
            report.tasks += 1
            switch entry.content {
            case .success(let spec):
                ids.add(spec.id)
                for problem in host.check(spec) { tell(problem, entry.line, &report) }
            case .failure(let refusal): tell(refusal.failure, entry.line, &report)
            }
        }
        if let problem = file.problem {
            tell(Failure("unreadable", fault: .user, message: "reading stopped: \(problem)"), file.lineNumber, &report)
        }
        let repeated = ids.repeated()
        if !repeated.isEmpty { await tellRepeated(repeated, &report) }
        if report.problems > Self.shown {
            Diagnostics.error("… and \(report.problems - Self.shown) more")
        }
        if report.problems > 0 {
            Diagnostics.note("nothing was run: \(report.problems) problems in \(report.tasks) tasks (see --keep-going)")
        }
        return report
    }

    private func tellRepeated(_ repeated: Set<UInt64>, _ report: inout Report) async {
        file.rewind()
        var first: [String: Int] = [:]
        while let entry = await file.next() {
            guard case .success(let spec) = entry.content, repeated.contains(IDLedger.hash(spec.id)) else { continue }
            if let line = first[spec.id] {
                tell(.repeatedID(spec.id, line: line), entry.line, &report)
            } else {
                first[spec.id] = entry.line
            }
        }
    }

    private func tell(_ failure: Failure, _ line: Int, _ report: inout Report) {
        report.problems += 1
        guard report.problems <= Self.shown else { return }
        let place = failure.pointer.map { $0.description.isEmpty ? "" : " at \($0)" } ?? ""
        if isJSON {
            print(json(failure, line))
        } else {
            Diagnostics.line("\(file.name):\(line): \(failure.message) [\(failure.code)\(place)]")
            if let hint = failure.hint { Diagnostics.line("  hint: \(hint)") }
        }
    }

    private func json(_ failure: Failure, _ line: Int) -> String {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("file")
        writer.string(file.name)
        writer.key("line")
        writer.int(line)
        writer.key("error")
        failure.encode(into: &writer)
        writer.endObject()
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

extension Failure {
    /// - Parameter line: where the id was first.
    static func repeatedID(_ id: String, line: Int) -> Failure {
        Failure(
            "duplicate_id",
            fault: .user,
            message: "the id \"\(id)\" occurs twice, first in line \(line)",
            pointer: JSONPointer("/id"),
            hint: "give each task an id of its own, or none"
        )
    }
}
