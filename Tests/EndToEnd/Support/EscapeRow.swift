internal import Glibc
internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

/// One kind of sandbox in which every attempt to escape is made, and who asks for it.
struct EscapeRow: Sendable, CustomTestStringConvertible {
    /// Which sandbox an attempt is made in.
    enum Place: String, Sendable {
        /// That of a command which a plugin has launched.
        case command
        /// That of a plugin, with a launch channel and a granted directory.
        case plugin
    }

    let place: Place
    /// The ordinary user who runs Ostler; nil for root.
    let user: Int32?
    var profile = "strict"

    var testDescription: String { "\(place) \(profile) \(user == nil ? "by root" : "by a user")" }
    /// Whether paths of the machine are seen at their own places.
    var hasView: Bool { profile != "contained" }

    static let all: [EscapeRow] = [
        EscapeRow(place: .command, user: nil),
        EscapeRow(place: .command, user: 12345),
        EscapeRow(place: .plugin, user: nil),
        EscapeRow(place: .plugin, user: 12345),
        EscapeRow(place: .command, user: nil, profile: "workspace"),
        EscapeRow(place: .command, user: 12345, profile: "workspace"),
        EscapeRow(place: .command, user: nil, profile: "contained"),
        EscapeRow(place: .command, user: 12345, profile: "contained"),
    ]
}

/// What one attempt came to.
struct EscapeResult: Sendable {
    let name: String
    let outcome: String
    let exitCode: Int
    let output: String
    /// What is to be read if it was not held.
    let complaint: String

    init(_ json: JSONValue) {
        name = json["id"]?.string ?? ""
        outcome = json["outcome"]?.string ?? ""
        exitCode = json["exit_code"]?.int.map { Int($0) } ?? -1
        output = String(decoding: json["output"]?.streamBytes ?? [], as: UTF8.self)
        complaint = (json["error"]?["message"]?.string ?? "") + (json["stderr"]?["text"]?.string ?? "")
    }

    /// Whether it says, and shows by how it ended, that it was held.
    func isHeld(exitCode expected: Int) -> Bool {
        let lines = output.split(separator: "\n")
        return lines.count == 1 && lines[0].hasPrefix("HELD: ") && exitCode == expected
            && (expected == 0 || outcome == "failed") && outcome != "sandbox_error"
    }
}

/// A stage with an installed Ostler, and the tasks of one row.
struct EscapeRun: Sendable {
    let row: EscapeRow
    let tree: InstalledTree
    let stage: EscapeStage
    private let plugin: String

    static let neighbour = "neighbour"

    init(_ row: EscapeRow, _ directory: TemporaryDirectory) throws {
        self.row = row
        tree = try InstalledTree(directory, user: row.user)
        plugin = try directory.makeDirectory("escapist")
        stage = try EscapeStage(directory, corpus: row.place == .plugin ? "escapist/corpus" : "corpus")
        typealias Limits = EscapeStage.Limits
        let limits =
            "memory: \(Limits.memory), processes: \(Limits.processes), open_files: \(Limits.files), tmp: \(Limits.temporary)"
        let bare = "bare: {extends: contained, ro: [\(stage.corpus)], rw: [\(stage.granted)]}"
        let name = row.hasView ? row.profile : "bare"
        let sandbox = "profile: \(name), profiles: {\(bare)}, limits: {\(limits)}"
        try directory.makeDirectory("home/project")
        if let user = row.user { chown(directory.file("home/project"), uid_t(user), gid_t(user)) }
        try directory.write("home/project/ostler.yaml", "sandbox: {\(sandbox)}\n")
        let source = EscapeAttempt.directory + "/plugin/"
        let manifest = String(decoding: try contents(ofFile: source + "plugin.yaml"), as: UTF8.self)
        try directory.write("escapist/plugin.yaml", manifest.replacing("GRANTED", with: stage.granted))
        try directory.write("escapist/plugin.py", try contents(ofFile: source + "plugin.py"))
    }

    /// Where an attempt sees the corpus.
    private var corpus: String {
        row.place == .plugin ? "/plugin/corpus" : row.hasView ? "/in/corpus" : stage.corpus
    }

    private func task(_ id: String, _ program: String, _ arguments: [String] = [], timeout: String = "60s") -> String {
        let words = JSONValue.array(arguments.map { .string($0) })
        let payload: JSONValue =
            row.place == .plugin
            ? ["attempt": .string(program), "args": words]
            : ["command": .string(corpus + "/" + program), "args": words]
        let executor = row.place == .plugin ? "escape" : "command"
        let task: JSONValue = [
            "id": .string(id), "executor": .string(executor), "timeout": .string(timeout), "payload": payload,
        ]
        return task.text + "\n"
    }

    /// One attempt looks for anything in /tmp, and the workspace of a test lies there: its own path is no neighbour's file.
    func sawItsWorkspace(_ result: EscapeResult) -> Bool {
        row.profile == "workspace" && result.output == "ESCAPED: /tmp holds \(tree.directory.path)\n"
    }

    /// Runs all attempts, each in a sandbox of its own beside that of the neighbour.
    func results(of attempts: [EscapeAttempt]) async throws -> [String: EscapeResult] {
        let probe = line(["run", "command", "--json", "--", "true"])
        let certificate = try await tree.run(probe).json()
        #expect(certificate["outcome"]?.string == "succeeded", "\(certificate.text)")
        let memory = certificate["isolation"]?["layers"]?.array?.first { $0["layer"]?.string == "memory_limit" }
        let granted = row.place == .plugin || !row.hasView ? stage.granted : "/out/granted"
        try stage.tell(place: row.place.rawValue, granted: granted, hasMemoryCgroup: memory?["enforced"]?.bool == true)
        let lines = attempts.map { task($0.name, $0.name) }
        // It stays beside all of them: longer than they may take together.
        let neighbour = task(Self.neighbour, "bait", ["neighbour", corpus + "/done"], timeout: "300s")
        try tree.directory.write("home/project/tasks.jsonl", (row.hasView ? neighbour : "") + lines.joined())
        let results = try await onThread { try run(count: attempts.count) }
        return Dictionary(uniqueKeysWithValues: results.map { ($0.name, $0) })
    }

    private func command() -> Child.Command {
        var words = ["run", "--file", "tasks.jsonl", "--jobs", "4", "--quiet"]
        if row.place == .plugin { words += ["--plugin-path", plugin] }
        if row.place == .command, row.hasView { words += ["--in", stage.corpus, "--out", stage.granted] }
        return line(words, hostile: true)
    }

    private func line(_ words: [String], hostile: Bool = false) -> Child.Command {
        var line = hostile ? stage.hostile([tree.program] + words) : [tree.program] + words
        if let user = row.user {
            line = ["/usr/bin/setpriv", "--reuid", "\(user)", "--regid", "\(user)", "--clear-groups"] + line
        }
        var command = tree.command([])
        command.program = line[0]
        command.arguments = line.dropFirst().map { Array($0.utf8) }
        command.directory = tree.home + "/project"
        return command
    }

    private func run(count: Int) throws -> [EscapeResult] {
        let child = try Child(command())
        let deadline = ContinuousClock.now.advanced(by: .seconds(180))
        // The neighbour stays until the last attempt has ended.
        while child.output.utf8.count(where: { $0 == UInt8(ascii: "\n") }) < count, !child.hasEnded,
            ContinuousClock.now < deadline
        {
            usleep(50_000)
        }
        try stage.finish()
        let finished = child.finish(within: .seconds(60))
        #expect(!finished.isOverdue, "\(finished.complaint)")
        return try finished.results().map(EscapeResult.init)
    }
}
