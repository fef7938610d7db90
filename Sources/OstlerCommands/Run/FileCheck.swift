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
        /// What the guards of tasks name, as hashes.
        var named: Set<UInt64> = []

        var isEmpty: Bool { problems == 0 }
    }

    private let file: TaskFile
    private let host: Host
    private let isJSON: Bool
    /// Whether secrets that the tasks ask for are read, so that nothing runs if one of them cannot be had.
    private let readsSecrets: Bool
    /// Told of each task that may run; answers what stands against it nevertheless.
    private let accept: @LoopActor (TaskSpec) -> [Failure]
    /// Told of each problem, with file and line.
    private let refuse: @LoopActor (Failure, String) -> Void
    /// More than these are only counted.
    private static let shown = 20

    init(
        _ file: TaskFile,
        _ host: Host,
        isJSON: Bool,
        readsSecrets: Bool = false,
        accept: @escaping @LoopActor (TaskSpec) -> [Failure] = { _ in [] },
        refuse: @escaping @LoopActor (Failure, String) -> Void = { _, _ in }
    ) {
        self.file = file
        self.host = host
        self.isJSON = isJSON
        self.readsSecrets = readsSecrets
        (self.accept, self.refuse) = (accept, refuse)
    }

    /// Tells each problem with its place as it is found.
    func run() async throws -> Report {
        var report = Report()
        var ids = IDLedger()
        // What cannot be read twice is held in memory: where each id was first.
        var lines: [UInt64: Int] = [:]
        var references = ReferenceCheck()
        // The ids of what cannot be read twice.
        var names: [(id: String, line: Int)] = []
        // Where each secret is first asked for.
        var secrets: [String: Int] = [:]
        while let entry = await file.next() {
            report.tasks += 1
            switch entry.content {
            case .success(let spec):
                if file.isRegular {
                    ids.add(spec.id)
                } else if let line = lines[IDLedger.hash(spec.id)] {
                    try tell(.repeatedID(spec.id, line: line), entry.line, &report)
                } else {
                    lines[IDLedger.hash(spec.id)] = entry.line
                }
                var problems = host.problems(of: spec)
                if problems.isEmpty { problems = accept(spec) }
                for problem in problems { try tell(problem, entry.line, &report) }
                if problems.isEmpty { references.add(spec, line: entry.line) }
                if !file.isRegular { names.append((spec.id, entry.line)) }
                if problems.isEmpty { secrets.merge(spec.secrets.map { ($0.name, entry.line) }) { first, _ in first } }
            case .failure(let refusal): try tell(refusal.failure, entry.line, column: refusal.column, &report)
            }
        }
        if let problem = file.problem {
            try tell(
                Failure("file_unreadable", fault: .user, message: "reading stopped here: \(problem)"),
                file.lineNumber + 1,
                &report
            )
        }
        if !references.isEmpty {
            if file.isRegular {
                file.rewind()
                while let entry = await file.next() {
                    if case .success(let spec) = entry.content { references.find(spec.id, line: entry.line) }
                }
            }
            for (id, line) in names { references.find(id, line: line) }
            for (failure, line) in references.problems { try tell(failure, line, &report) }
            report.named = references.named
        }
        let repeated = ids.repeated()
        if !repeated.isEmpty { try await tellRepeated(repeated, &report) }
        if readsSecrets {
            for (name, failure) in await host.provider.vault.failures(of: secrets.keys.sorted()) {
                try tell(failure, secrets[name] ?? 0, &report)
            }
        }
        if report.problems > Self.shown {
            Log.error("… and \(report.problems - Self.shown) more")
        }
        return report
    }

    private func tellRepeated(_ repeated: Set<UInt64>, _ report: inout Report) async throws {
        file.rewind()
        var first: [ExactKey: Int] = [:]
        while let entry = await file.next() {
            guard case .success(let spec) = entry.content, repeated.contains(IDLedger.hash(spec.id)) else { continue }
            if let line = first[ExactKey(spec.id)] {
                try tell(.repeatedID(spec.id, line: line), entry.line, &report)
            } else {
                first[ExactKey(spec.id)] = entry.line
            }
        }
    }

    private func tell(_ failure: Failure, _ line: Int, column: Int? = nil, _ report: inout Report) throws {
        report.problems += 1
        refuse(failure, TaskFile.place(file.name, line, column))
        guard report.problems <= Self.shown else { return }
        if isJSON {
            try Results.write(json(failure, line, column))
        } else {
            Log.failure(failure, .init(place: TaskFile.place(file.name, line, column)))
        }
    }

    private func json(_ failure: Failure, _ line: Int, _ column: Int?) -> JSONWriter {
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
        return writer
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
}
