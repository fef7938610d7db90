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
    func run() async throws -> Report {
        var report = Report()
        var ids = IDLedger()
        // What cannot be read twice is held in memory: where each id was first.
        var lines: [UInt64: Int] = [:]
        while let entry = await file.next() {
            report.tasks += 1
            switch entry.content {
            case .success(let spec):
                if file.isRegular {
                    ids.add(spec.id)
                } else if let line = lines.updateValue(entry.line, forKey: IDLedger.hash(spec.id)) {
                    try tell(.repeatedID(spec.id, line: line), entry.line, &report)
                }
                for problem in host.check(spec) { try tell(problem, entry.line, &report) }
            case .failure(let refusal): try tell(refusal.failure, entry.line, &report)
            }
        }
        if let problem = file.problem {
            try tell(
                Failure("unreadable", fault: .user, message: "reading stopped: \(problem)"),
                file.lineNumber,
                &report
            )
        }
        let repeated = ids.repeated()
        if !repeated.isEmpty { try await tellRepeated(repeated, &report) }
        if report.problems > Self.shown {
            Log.error("… and \(report.problems - Self.shown) more")
        }
        if report.problems > 0 {
            Log.info("nothing was run: \(report.problems) problems in \(report.tasks) tasks (see --keep-going)")
        }
        return report
    }

    private func tellRepeated(_ repeated: Set<UInt64>, _ report: inout Report) async throws {
        file.rewind()
        var first: [String: Int] = [:]
        while let entry = await file.next() {
            guard case .success(let spec) = entry.content, repeated.contains(IDLedger.hash(spec.id)) else { continue }
            if let line = first[spec.id] {
                try tell(.repeatedID(spec.id, line: line), entry.line, &report)
            } else {
                first[spec.id] = entry.line
            }
        }
    }

    private func tell(_ failure: Failure, _ line: Int, _ report: inout Report) throws {
        report.problems += 1
        guard report.problems <= Self.shown else { return }
        if isJSON {
            try Results.write(json(failure, line))
        } else {
            Log.failure(failure, .init(place: "\(file.name):\(line)"))
        }
    }

    private func json(_ failure: Failure, _ line: Int) -> JSONWriter {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("file")
        writer.string(file.name)
        writer.key("line")
        writer.int(line)
        writer.key("error")
        failure.encode(into: &writer)
        writer.endObject()
        return writer
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
