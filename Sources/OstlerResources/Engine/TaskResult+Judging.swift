internal import OstlerProtocol
internal import OstlerSystem
internal import OstlerTasks

extension TaskResult {
    /// How its work ended; nil if that is not what there is to tell: it was not started, or somebody else is at fault.
    var end: RunEnd? {
        switch outcome {
        case .succeeded: .exited(exitCode)
        case .failed:
            if let signal {
                .signalled(signal)
            } else {
                // An executor that failed without an exit code of its own says 0, and one that could not begin says -1.
                exitCode != 0 && ReturnCodes.range.contains(exitCode) ? .exited(exitCode) : nil
            }
        case .timeout: .timedOut
        default: nil
        }
    }

    /// What went wrong, also where nobody has said it.
    var failure: Failure {
        error
            ?? Failure(
                "task_\(outcome.rawValue)",
                fault: .task,
                sideEffects: .possible,
                message: signal.map { "ended by signal \($0)" } ?? "\(outcome.rawValue), exit code \(exitCode)"
            )
    }
}

extension CapturedOutput {
    /// Without the space around it; what is no text is replaced.
    var trimmedText: String {
        var text = String(decoding: shortened(to: 4096).bytes, as: UTF8.self)[...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }

    /// The last line that says something.
    var lastLine: String {
        let end = String(decoding: bytes.suffix(4096), as: UTF8.self)
        let lines = end.textLines.filter { !$0.allSatisfy(\.isWhitespace) }
        // Where the beginning is cut off there may be half a character.
        return lines.last.map { String($0.drop { $0 == "\u{FFFD}" }) } ?? ""
    }
}

extension String {
    var firstLine: Substring { textLines.first ?? "" }
}
