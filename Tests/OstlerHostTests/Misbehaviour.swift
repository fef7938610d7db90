internal import OstlerProtocol
import OstlerTasks
import OstlerTestSupport
import Testing

/// One way to break the contract while a task is executed, and what must come of it.
struct Misbehaviour: Sendable, CustomTestStringConvertible {
    let name: String
    let payload: String
    var timeout: Int64?
    let outcome: Outcome
    /// The code of the error; nil for none.
    var code: String?
    /// What the message must say besides the plugin's name.
    var message: [String] = []
    /// Whether it costs the plugin its process.
    var endsPlugin = true
    /// Replacements in the manifest.
    var edits: [(String, String)] = []

    var testDescription: String { name }

    init(
        _ name: String,
        _ payload: String,
        timeout: Int64? = nil,
        _ outcome: Outcome,
        _ code: String? = nil,
        says message: String...,
        endsPlugin: Bool = true
    ) {
        self.name = name
        self.payload = payload
        self.timeout = timeout
        self.outcome = outcome
        self.code = code
        self.message = message
        self.endsPlugin = endsPlugin
    }

    /// A task that writes these very bytes.
    init(
        _ name: String,
        raw text: String,
        then: String = "nothing",
        timeout: Int64? = nil,
        _ outcome: Outcome,
        _ code: String? = nil,
        says message: String...,
        endsPlugin: Bool = true
    ) {
        self.init(
            name,
            raw: Array(text.utf8),
            then: then,
            timeout: timeout,
            outcome,
            code,
            message: message,
            endsPlugin: endsPlugin
        )
    }

    init(
        _ name: String,
        raw bytes: [UInt8],
        then: String = "nothing",
        timeout: Int64? = nil,
        _ outcome: Outcome,
        _ code: String? = nil,
        message: [String],
        endsPlugin: Bool = true
    ) {
        self.name = name
        payload = "{\"do\":\"raw\",\"then\":\"\(then)\",\"base64\":\"\(Base64.encode(bytes))\"}"
        self.timeout = timeout
        self.outcome = outcome
        self.code = code
        self.message = message
        self.endsPlugin = endsPlugin
    }
}

extension Misbehaviour {
    /// Those that a plugin can show while it executes a task, and nothing more is needed to see.
    static let all = crashes + frames + floods + answers + hangs

    /// Those that take more than one task to see, each with a test of its own.
    static let apart = [leavesAfterAnswer, hangsInShutdown, neverReads, eatsMemory]

    static let leavesAfterAnswer = Misbehaviour("exit 3 right after the answer", "", .succeeded)
    static let hangsInShutdown = Misbehaviour("hangs in the shutdown, after the answer", "", .succeeded)
    static let neverReads = Misbehaviour("never reads its stdin again", "", timeout: 1000, .timeout, "timeout")
    static let eatsMemory = Misbehaviour("eats memory", "", .executorCrash, "executor_out_of_memory")

    /// Within this a case ends, whatever it is, or its test fails.
    static let bound = Duration.seconds(20)

    /// What became of the cases, and how soon.
    static let report = RunReport("misbehaving-plugins", columns: ["the plugin", "the task", "its process"])

    /// What the page and the report say of it.
    var cells: [String] {
        [name, "`\(outcome.rawValue)`" + (code.map { ", `\($0)`" } ?? ""), endsPlugin ? "ends" : "goes on"]
    }

    func editing(_ text: String, _ replacement: String) -> Self {
        var row = self
        row.edits.append((text, replacement))
        return row
    }
}
