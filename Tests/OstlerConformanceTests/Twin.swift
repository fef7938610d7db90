import OstlerConformance
import Testing

/// A plugin that breaks one promise, so that one check fails: the proof that the check can fail.
struct Twin: CustomTestStringConvertible, Sendable {
    let check: String
    /// What it does wrong, for the page.
    let does: String
    /// The plugin of the fixtures that does it when its argument is the name of the check.
    var plugin = "twin"

    var testDescription: String { check }

    static let all = [
        Twin(check: "M18-start", does: "never answers initialize"),
        Twin(check: "M16-version", does: "answers with the highest version that the host speaks"),
        Twin(check: "M16-refusal", does: "chooses version 0 although the host does not offer it"),
        Twin(check: "M17-executors", does: "answers initialize with no executors"),
        Twin(check: "M1-return", does: "exits at a line that ends in CR LF"),
        Twin(check: "M1-split", does: "takes what one read gives for a message"),
        Twin(check: "M1-joined", does: "loses a task that was read together with the line before it"),
        Twin(check: "M2-longest", does: "exits at a line of more than 1,000,000 bytes"),
        Twin(check: "M3-deep", does: "exits at a message that nests more than 40 deep"),
        Twin(check: "M3-strings", does: "exits at a NUL in a string"),
        Twin(check: "M12-members", does: "exits at a member of params that it does not know"),
        Twin(check: "M12-order", does: "exits at a request whose id does not stand in front"),
        Twin(check: "M13-method", does: "answers an unknown method with an empty result"),
        Twin(check: "M21-answer", does: "never answers execute"),
        Twin(check: "S4-examples", does: "succeeds in the example that is to fail"),
        Twin(check: "M21-many", does: "forgets the twentieth task of a process"),
        Twin(check: "M23-payloads", does: "refuses a member that its schema allows"),
        Twin(check: "S4-deadline", does: "fails a task whose deadline has passed"),
        Twin(check: "S4-restart", does: "leaves a lock file that keeps the next process from working"),
        Twin(check: "M32-unknown", does: "says cancelling of a task that was never given"),
        Twin(check: "M32-acknowledged", does: "says unknown of a task that runs"),
        Twin(check: "M32-late", does: "answers a late cancel with an error"),
        Twin(check: "M33-running", does: "says failed of a task that was cancelled while it ran"),
        Twin(check: "M33-behind", does: "says failed of a task that was cancelled at once"),
        Twin(check: "M14-busy", does: "drops a cancel of another task while one runs"),
        Twin(check: "M36-health", does: "calls itself fine, which is none of the three words"),
        Twin(check: "M36-running", does: "the same, only while a task runs"),
        Twin(check: "M8-late", does: "makes stdout non-blocking and loses what does not fit"),
        Twin(check: "M50-neighbour", does: "lets all tasks wait for the one that has no credit"),
        Twin(check: "M50-whole", does: "drops what a task without credit writes"),
        Twin(check: "M52-stray", does: "exits at credit for a task that it does not know"),
        Twin(check: "M37-shutdown", does: "exits with code 3"),
        Twin(check: "M37-running", does: "exits with code 3 if a task runs"),
        Twin(check: "M38-end", does: "exits with code 4"),
        Twin(check: "M38-running", does: "goes on with its task for ever"),
        Twin(check: "S7-terminate", does: "ignores SIGTERM"),
        Twin(check: "S1-garbage", does: "guesses what a line that was cut off means, and answers succeeded"),
        Twin(check: "M44-descriptors", does: "keeps a descriptor open for each task", plugin: "launching-twin"),
        Twin(check: "M53-hooks", does: "never answers artifact/restore", plugin: "workspace-twin"),
        Twin(check: "M54-handle", does: "answers with a handle of 65,602 bytes", plugin: "workspace-twin"),
        Twin(check: "M55-restart", does: "knows only workspaces that its own process set up", plugin: "workspace-twin"),
        Twin(check: "M56-lost", does: "cleans nothing up without a handle", plugin: "workspace-twin"),
        Twin(check: "M57-again", does: "refuses to clean up a job that is not there", plugin: "workspace-twin"),
        Twin(check: "M59-jobs", does: "executes tasks of the job that was set up last only", plugin: "workspace-twin"),
        Twin(check: "M60-busy", does: "answers nothing while it sets a workspace up", plugin: "workspace-twin"),
        Twin(check: "M1-line", does: "exits in the middle of a line"),
        Twin(check: "M2-length", does: "logs a message of a megabyte"),
        Twin(check: "M3-json", does: "sends an object with the same key twice"),
        Twin(check: "M4-noise", does: "prints a line of text to stdout"),
        Twin(check: "M9-id", does: "turns an id that looks like a number into one"),
        Twin(check: "M11-shape", does: "sends method and result in one message"),
        Twin(check: "S2-mark", does: "leaves \"jsonrpc\" out of its output"),
        Twin(check: "S2-requests", does: "sends log with an id"),
        Twin(check: "S5-methods", does: "sends a notification metrics"),
        Twin(check: "M21-once", does: "tells progress behind the answer"),
        Twin(check: "M22-success", does: "says succeeded with exit code 1"),
        Twin(check: "M24-result", does: "answers for another task than asked"),
        Twin(check: "M25-agreement", does: "says exit code 2 where it was 1", plugin: "launching-twin"),
        Twin(check: "M26-output", does: "sends 65,537 bytes in one piece"),
        Twin(check: "M27-order", does: "sends output behind the answer"),
        Twin(check: "M28-characters", does: "cuts ö in two"),
        Twin(check: "M29-notices", does: "tells progress as a text"),
        Twin(check: "M33-uninvited", does: "says cancelled of a task that nobody cancelled"),
        Twin(check: "M45-errors", does: "sends an error whose data has a number as code"),
        Twin(check: "M49-credit", does: "sends output without credit"),
    ]
}
