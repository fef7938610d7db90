internal import OstlerJSON
internal import OstlerSchema
internal import OstlerTestSupport
internal import Testing

/// What `ostler` leaves of a run besides its results, in files of a tree's home, and those who judge it.
struct Sinks {
    let tree: InstalledTree
    private let tools = Surroundings.packageRoot() + "/.build/telemetry-tools"

    /// Options that ask for all of it.
    static let options = [
        "--report", "json:report.json", "--report", "junit:report.xml", "--report", "markdown:report.md", "--report",
        "text:report.txt", "--metrics-file", "run.prom", "--trace-file", "spans.jsonl",
    ]

    static let files = ["report.json", "report.xml", "report.md", "report.txt", "run.prom", "spans.jsonl"]

    func text(_ file: String) throws -> String {
        String(decoding: try tree.directory.read("home/" + file), as: UTF8.self)
    }

    func report() throws -> JSONValue { try JSONValue(parsing: try text("report.json")) }

    /// A value of the metrics; nil if there is no such sample.
    func metric(_ sample: String) throws -> String? {
        try text("run.prom").split(separator: "\n").first { $0.hasPrefix(sample + " ") }
            .map { String($0.dropFirst(sample.count + 1)) }
    }

    /// All spans, in the order in which they were written.
    func spans() throws -> [JSONValue] {
        try text("spans.jsonl").split(separator: "\n").flatMap { line in
            let document = try JSONValue(parsing: String(line))
            return document["resourceSpans"]?.array?.first?["scopeSpans"]?.array?.first?["spans"]?.array ?? []
        }
    }

    /// Has each file read by a program or a schema that knows its form.
    /// - Parameter parent: the span that the run is a part of, in hexadecimal.
    func judge(parent: String? = nil) throws {
        let home = tree.home
        try Self.expect(try text("report.json"), fits: "report")
        try Tool.run("xmllint", ["--nonet", "--noout", "report.xml"], in: home)
        try Tool.run("sh", ["-c", "\(tools)/promtool check metrics < run.prom"], in: home)
        let script = Surroundings.packageRoot() + "/Tests/Fixtures/telemetry/check-spans.py"
        let words = ["PYTHONPATH=\(tools)/python", "python3", script, "spans.jsonl"] + (parent.map { [$0] } ?? [])
        try Tool.run("env", words, in: home)
    }

    /// Whether a document is what its published schema says.
    static func expect(_ document: String, fits name: String, sourceLocation: SourceLocation = #_sourceLocation) throws
    {
        let path = Surroundings.packageRoot() + "/docs/reference/schemas/\(name).schema.json"
        let schema = try CompiledSchema(compiling: try JSONValue(parsing: try contents(ofFile: path)))
        let problems = schema.validate(Array(document.utf8))
        #expect(problems.isEmpty, "\(problems) in \(document)", sourceLocation: sourceLocation)
    }
}

extension JSONValue {
    /// A span's attribute, as text.
    func attribute(_ name: String) -> String? {
        let value = self["attributes"]?.array?.first { $0["key"]?.string == name }?["value"]
        return value?["stringValue"]?.string ?? value?["intValue"]?.string
    }
}
