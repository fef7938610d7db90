internal import OstlerHost
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSandbox
internal import OstlerSystem
internal import OstlerTasks

/// What became of a command in a sandbox.
struct SandboxResult: Sendable {
    /// Who ended it before its time.
    enum Ending: Sendable, Equatable {
        case timeout(milliseconds: Int64)
        case signal(Int32)
    }

    let runID: String
    let argv: [[UInt8]]
    /// How the command ended; nil if none was started.
    var exit: ExitReport?
    var ending: Ending?
    /// Whether it had to be killed.
    var wasKilled = false
    /// Why nothing was started, or why nothing is known of its end.
    var failure: Failure?
    /// What was reached of the sandbox's limits.
    var limit: Failure.Limit?
    /// Files of the workspace that other programs obey, and that the command made.
    var controlFilesMade: [String] = []
    /// As JSON text.
    var certificate: [UInt8]?

    init(runID: String, argv: [[UInt8]]) {
        self.runID = runID
        self.argv = argv
    }

    // MARK: The verdict

    var outcome: Outcome {
        if let failure {
            if failure.code == "command_denied" { return .denied }
            return failure.fault == .sandbox ? .sandboxError : failure.code == "interrupted" ? .cancelled : .failed
        }
        switch ending {
        case .timeout: return .timeout
        case .signal where wasKilled || exit?.signal != nil: return .cancelled
        case .signal, nil: break
        }
        if limit != nil { return .limit }
        return exit?.signal == nil && exit?.exitCode == 0 ? .succeeded : .failed
    }

    /// The command's own, wherever there is one.
    var exitCode: Int32 {
        if let failure { return Self.exitCode(of: failure, ending) }
        if case .timeout = ending { return Outcome.timeout.exitCode }
        guard let exit else { return Outcome.sandboxError.exitCode }
        // Killed in the end, but because of the signal that the caller had sent.
        if case .signal(let signal) = ending, wasKilled { return 128 + signal }
        return exit.signal.map { 128 + $0 } ?? exit.exitCode
    }

    private static func exitCode(of failure: Failure, _ ending: Ending?) -> Int32 {
        switch failure.code {
        case "command_not_found": 127
        case "command_not_executable": 126
        case "interrupted":
            if case .signal(let signal) = ending { 128 + signal } else { Outcome.sandboxError.exitCode }
        default: failure.fault == .user ? Outcome.denied.exitCode : Outcome.sandboxError.exitCode
        }
    }

    // MARK: What is told

    /// Says on stderr what the command's exit code alone does not say.
    func tell() {
        Log.warn(ofControlFiles: controlFilesMade)
        if let failure { return Log.failure(failure) }
        if let limit { Log.failure(.limit(limit)) }
        guard case .timeout(let milliseconds) = ending else { return }
        Log.failure(Self.timeout(milliseconds))
    }

    private static func timeout(_ milliseconds: Int64) -> Failure {
        Failure(
            "timeout",
            fault: .task,
            sideEffects: .possible,
            message: "the command did not end within \(DurationText.text(milliseconds: milliseconds)) and was ended",
            limit: .init(name: "timeout_ms", limit: UInt64(milliseconds), observed: UInt64(milliseconds)),
            hint: "give it longer by --timeout"
        )
    }

    private var error: Failure? {
        if let failure { return failure }
        if case .timeout(let milliseconds) = ending { return Self.timeout(milliseconds) }
        return limit.map { Failure.limit($0) }
    }

    func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("run_id")
        writer.string(runID)
        writer.key("argv")
        writer.strings(argv.lazy.map { String(decoding: $0, as: UTF8.self) })
        writer.key("outcome")
        writer.string(outcome.rawValue)
        writer.key("exit_code")
        writer.int(exit.map { $0.exitCode } ?? -1)
        if let signal = exit?.signal {
            writer.key("signal")
            writer.int(signal)
        }
        if let error {
            writer.key("error")
            error.encode(into: &writer)
        }
        if !controlFilesMade.isEmpty {
            writer.key("control_files_made")
            writer.strings(controlFilesMade)
        }
        if let exit {
            writer.key("usage")
            exit.usage.encode(into: &writer)
        }
        if let certificate {
            writer.key("isolation")
            writer.raw(certificate)
        }
        writer.endObject()
    }
}
