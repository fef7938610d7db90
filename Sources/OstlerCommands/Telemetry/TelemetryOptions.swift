internal import OstlerCommandLine
internal import OstlerConfig
internal import OstlerHost
internal import OstlerTelemetry

/// What a command leaves of its work besides its results: a report, metrics, spans.
struct TelemetryOptions: Sendable {
    private enum Option {
        static let report = CommandOption.values(
            "report",
            "FORM[:FILE]",
            "A report at the end, on stderr or in a file: text, json, markdown or junit.",
            completion: .oneOf(ReportForm.allCases.map(\.rawValue))
        )
        static let metrics = CommandOption.value(
            "metrics-file",
            "FILE",
            "Metrics for Prometheus; the file is replaced as a whole, as often as every five seconds.",
            completion: .file
        )
        static let spans = CommandOption.value(
            "trace-file",
            "FILE",
            "Spans are added to it, as lines of OTLP's JSON.",
            completion: .file
        )
    }

    /// The caller's span, of all commands that heed one.
    static let traceparentOption = CommandOption.value(
        "traceparent",
        "VALUE",
        "The span that this run is a part of, as W3C's Trace Context writes it; else $TRACEPARENT."
    )

    static let section = CommandSpec.Section(
        "What is told of it as a whole",
        [Option.report, Option.metrics, Option.spans, traceparentOption]
    )

    /// A report that is asked for.
    struct Report: Sendable {
        let form: ReportForm
        /// Nil for stderr.
        let path: String?
    }

    let reports: [Report]
    let metricsPath: String?
    let spanPath: String?
    let traceparent: String?

    init(_ arguments: Arguments) throws(UsageError) {
        var reports: [Report] = []
        for text in arguments.values(Option.report) { reports.append(try Self.report(text)) }
        self.reports = reports
        metricsPath = arguments.value(Option.metrics)
        spanPath = arguments.value(Option.spans)
        traceparent = arguments.value(Self.traceparentOption)
    }

    private static func report(_ text: String) throws(UsageError) -> Report {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let form = ReportForm(rawValue: parts[0]) else {
            let words = ReportForm.allCases.map(\.rawValue).joined(separator: " or ")
            throw UsageError("--report '\(text)': write \(words), and a file behind a colon")
        }
        guard parts.count == 1 || !parts[1].isEmpty else {
            throw UsageError("--report '\(text)': there is no file behind the colon")
        }
        guard parts.last != "-" || parts.count == 1 else {
            throw UsageError("--report '\(text)': - is no file; leave it out for stderr, which stdout is not for")
        }
        return Report(form: form, path: parts.count > 1 ? parts[1] : nil)
    }

    /// Opens what is asked for, before anything is run: what could not be kept is not begun.
    /// - Parameter action: the command, such as `run`.
    /// - Returns: nil if nothing is asked for and the run belongs to no trace.
    func open(_ action: String, _ context: RunContext) throws -> Telemetry? {
        let origin = Self.origin(traceparent)
        let trace = try RunTrace(origin, spanPath: spanPath, runID: context.runID)
        if let trace { Log.set(trace: trace.context) }
        guard trace != nil || !reports.isEmpty || metricsPath != nil else { return nil }
        return try Telemetry(action, context, self, trace)
    }

    /// A file as the command line names it.
    typealias NamedFile = (words: String, path: String)

    /// Refuses what would be lost: of two that are written to one place the one, and what is read and overwritten. It is
    /// asked before any of them is opened.
    /// - Parameters:
    ///   - inputs: what the command reads, beside its configuration.
    ///   - outputs: what else it writes.
    func checkPlaces(
        _ context: RunContext,
        inputs: [NamedFile] = [],
        outputs: [NamedFile] = []
    ) throws(UsageError) {
        var owners: [String: String] = [:]
        let configuration = context.source.map { NamedFile("the configuration \($0.name)", $0.path) }
        for (words, path) in [configuration].compactMap(\.self) + inputs where path != "-" {
            if let place = ReplacedFile.identity(of: path) { owners[place] = words }
        }
        let read = Set(owners.keys)
        for (words, path) in outputs + files {
            guard path != "-" else { throw UsageError("\(words): - is no file; write ./- for one of that name") }
            guard let place = ReplacedFile.identity(of: path) else { continue }
            guard let owner = owners.updateValue(words, forKey: place) else { continue }
            let risk = read.contains(place) ? ", which would be overwritten" : ""
            throw UsageError("\(owner) and \(words) are one file\(risk): name another for one of them")
        }
    }

    private var files: [NamedFile] {
        let reports = reports.compactMap { report in
            report.path.map { NamedFile("--report \(report.form.rawValue):\($0)", $0) }
        }
        let others = [(Option.metrics.name, metricsPath), (Option.spans.name, spanPath)]
        return reports + others.compactMap { name, path in path.map { NamedFile("--\(name) \($0)", $0) } }
    }

    /// The caller's trace; what was said of one and means nothing is told, and passed over.
    static func origin(_ traceparent: String?) -> TraceOrigin {
        let (origin, ignored) = TraceOrigin.find(option: traceparent, environment: Composition.environment)
        for text in ignored { Log.warning("\(text.name) is no trace context, and is passed over: '\(text.value)'") }
        return origin
    }
}
