internal import OstlerCatalog
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSandbox
internal import OstlerSystem
internal import OstlerTrust

/// The version of this build.
package enum OstlerVersion {
    package static let text = "0.1.0"
}

/// What can go wrong with an executor, each with its code and what to do.
extension Failure {
    private static func executor(
        _ code: String,
        _ message: String,
        retry: Retry = .never,
        effects: SideEffects = .possible,
        hint: String? = nil
    ) -> Failure {
        Failure(code, fault: .executor, retry: retry, sideEffects: effects, message: message, hint: hint)
    }

    static func startTimeout(_ plugin: String, _ milliseconds: Int64, observed: Int64) -> Failure {
        var failure = executor(
            "start_timeout",
            "plugin \(plugin) did not answer initialize within \(milliseconds) ms",
            effects: .none,
            hint: "raise limits.start_timeout in its manifest, or look at its stderr"
        )
        failure.limit = .init(
            name: "start_timeout_ms",
            limit: UInt64(clamping: milliseconds),
            observed: UInt64(clamping: max(milliseconds, observed))
        )
        return failure
    }

    /// What the shim says of a library is more exact than that the plugin did not want to start.
    static func refusedGreeting(_ plugin: PluginManifest, _ failure: Failure) -> Failure {
        let code = plugin.shim == nil ? "initialize_refused" : failure.code
        var refusal = executor(code, "plugin \(plugin.name) refused initialize: \(failure.message)", effects: .none)
        refusal.hint = failure.hint
        return refusal
    }

    static func versionMismatch(_ plugin: String, _ message: String) -> Failure {
        executor("protocol_version", "plugin \(plugin): \(message)", effects: .none)
    }

    static func missingExecutors(_ plugin: String, _ names: [String]) -> Failure {
        executor(
            "executor_missing",
            "plugin \(plugin) does not serve \(names.joined(separator: ", ")), which its manifest promises",
            effects: .none
        )
    }

    static func malformedAnswer(_ plugin: String, _ method: String, _ why: String) -> Failure {
        executor("malformed_answer", "plugin \(plugin) answered \(method) with something of another shape: \(why)")
    }

    static func wrongTask(_ plugin: String, _ asked: String, _ answered: String) -> Failure {
        executor("wrong_task", "plugin \(plugin) was asked for task \"\(asked)\" and answered for \"\(answered)\"")
    }

    static func contradictory(_ plugin: String, _ task: String, _ result: ExecuteResult) -> Failure {
        let end = result.signal.map { "signal \($0)" } ?? "exit code \(result.exitCode)"
        return executor(
            "inconsistent_result",
            "plugin \(plugin) contradicts itself: task \"\(task)\" succeeded with \(end)"
        )
    }

    static func closedStdout(_ plugin: String) -> Failure {
        executor("stdout_closed", "plugin \(plugin) closed its stdout but went on running; it was ended")
    }

    static func stopped(_ plugin: String) -> Failure {
        executor("executor_stopped", "plugin \(plugin) was stopped by the host", retry: .same)
    }

    static func killedForSibling(_ plugin: String, _ task: String) -> Failure {
        executor(
            "executor_killed",
            "plugin \(plugin) was killed because task \"\(task)\" in it did not heed its cancel",
            retry: .same
        )
    }

    static func brokenStream(_ plugin: String, _ end: SessionEnd) -> Failure {
        switch end {
        case .violation(let violation):
            let what =
                switch violation.kind {
                case .oversize: "a frame of more than \(ExecutorProcess.maximumFrameBytes) bytes"
                case .partial: "half a frame, and then the end of its stdout"
                case .malformed: "a malformed frame (\(violation.detail))"
                }
            return executor(
                "frame_\(violation.kind.rawValue)",
                "plugin \(plugin) sent \(what) at byte \(violation.offset) of its stdout: \(violation.excerpt)"
            )
        case .noise(let lines, let excerpt):
            return executor(
                "stdout_noise",
                "plugin \(plugin) wrote \(lines) lines to stdout that are no answers, the last: \(excerpt)",
                hint: "stdout is for the protocol alone: print to stderr, or point descriptor 1 at stderr first"
            )
        case .endOfFile: return closedStdout(plugin)
        }
    }

    static func cannotStart(_ plugin: String, _ failure: LaunchFailure) -> Failure {
        executor(
            "executor_not_started",
            "plugin \(plugin) cannot be started: \(failure.detail.isEmpty ? failure.stage : failure.detail): "
                + Errno.message(failure.errno),
            effects: .none,
            hint: "look at entry.command in its manifest: paths are relative to the plugin, names are looked up in PATH"
        )
    }

    static func changedPlugin(_ error: TrustError) -> Failure {
        Failure(error.code.rawValue, fault: .user, message: error.message, hint: error.hint)
    }

    static func keepsFailing(_ plugin: String, _ times: Int, _ reason: Failure, until moment: Instant) -> Failure {
        let seconds = max(1, (moment.nanoseconds - Instant.now.nanoseconds + 999_999_999) / 1_000_000_000)
        return Failure(
            "executor_unavailable",
            fault: .executor,
            retry: .after,
            message: "plugin \(plugin) has failed \(times) times in a row and is not started for another \(seconds) s;"
                + " at last: \(reason.message)",
            hint: reason.hint
        )
    }

    static func spool(_ fault: OutputSpool.Fault, _ directory: String) -> Failure {
        Failure(
            "spool_failed",
            fault: .infra,
            retry: .after,
            sideEffects: .possible,
            message:
                "the output of the task cannot be kept: \(fault.step) in \(directory): \(Errno.message(fault.errno))",
            hint: "make room there, or name another directory by TMPDIR"
        )
    }

    static func crashed(_ plugin: String, _ exit: ExitReport?) -> Failure {
        guard let exit else { return executor("executor_crashed", "plugin \(plugin) ended", retry: .same) }
        if exit.outOfMemoryKills > 0 {
            return executor(
                "executor_out_of_memory",
                "plugin \(plugin) was killed at its memory limit, with \(exit.usage.peakBytes) bytes in use",
                retry: .same,
                hint: "raise limits.memory in its manifest"
            )
        }
        guard let signal = exit.signal else {
            return executor(
                "executor_exited",
                "plugin \(plugin) exited with code \(exit.exitCode) in the middle of its work",
                retry: .same
            )
        }
        return executor("executor_crashed", "plugin \(plugin) died of signal \(signal)", retry: .same)
    }
}

extension Failure {
    static func unproven(_ task: String) -> Failure {
        Failure(
            "survivors",
            fault: .sandbox,
            sideEffects: .possible,
            message: "processes of task \"\(task)\" did not die within 10 s of SIGKILL; the kernel may be stuck in I/O",
            hint: "look for processes in state D; the machine may need a restart"
        )
    }
}

extension Failure {
    static func duplicateID(_ id: String) -> Failure {
        Failure(
            "duplicate_id",
            fault: .user,
            message: "a task with the id \"\(id)\" is running already",
            pointer: JSONPointer("/id"),
            hint: "give each task of a run an id of its own"
        )
    }

    static func payloadTooLarge(_ bytes: Int) -> Failure {
        Failure(
            "payload_too_large",
            fault: .user,
            message:
                "payload, env and metadata have \(bytes) bytes; at most \(Host.maximumPayloadBytes) fit into a frame",
            pointer: JSONPointer("/payload"),
            limit: .init(name: "payload_bytes", limit: UInt64(Host.maximumPayloadBytes), observed: UInt64(bytes)),
            hint: "pass large input by a file or by stdin"
        )
    }

    static func invalidTraceparent(_ text: String) -> Failure {
        Failure(
            "invalid_traceparent",
            fault: .user,
            message: "\(Quotation.text(text, longest: 80)) is no traceparent",
            pointer: JSONPointer("/traceparent"),
            hint: "write 00-TRACE-SPAN-FLAGS, with 32, 16 and 2 hexadecimal digits in lower case, or leave it out"
        )
    }

    static var stopping: Failure {
        Failure("stopping", fault: .host, retry: .same, message: "the host is stopping and takes no more tasks")
    }
}
