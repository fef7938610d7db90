package import OstlerJSON
package import OstlerProtocol

/// What is told of a task that has ended.
package struct TaskResult: Sendable {
    /// How a cancel or time-out went, with its proof.
    package struct Cancellation: Sendable {
        package var reason: String
        /// The last step of the ladder that was needed; nil if nothing was running yet.
        package var stage: AttemptState.Stage?
        /// `none` when the kernel has confirmed it, else `unverified`.
        package var survivors: String

        package init(reason: String, stage: AttemptState.Stage?, survivors: String) {
            self.reason = reason
            self.stage = stage
            self.survivors = survivors
        }
    }

    /// When things happened, in microseconds of a clock that never jumps, except `submitted`.
    package struct Timing: Sendable {
        /// Milliseconds since 1970.
        package var submitted: Int64 = 0
        /// From submission to dispatch.
        package var queued: Int64 = 0
        /// From dispatch to the outcome.
        package var running: Int64 = 0

        package init() {}
    }

    /// Which plugin did the work.
    package struct PluginIdentity: Sendable {
        package var name: String
        package var version: String

        package init(name: String, version: String) {
            self.name = name
            self.version = version
        }
    }

    package var id: String
    package var origin: TaskOrigin
    package var executor: String
    package var outcome: Outcome
    package var exitCode: Int32
    package var signal: Int32?
    package var output = CapturedOutput()
    package var errorOutput = CapturedOutput()
    /// The value that the task was for, as JSON text; nil if the executor gave none.
    package var value: [UInt8]?
    @Boxed package var error: Failure?
    /// Limits that were reached, also by a task that succeeded in spite of it.
    package var limitsReached: [ReachedLimit] = []
    /// Files of the workspace that other programs obey, and that came to be while the task ran; paths of the host.
    package var controlFilesMade: [String] = []
    /// What guards did to it; nil if they let it be.
    @Boxed package var guarding: Guarding?
    /// What may be behind a failure that nothing else explains: a guess, for a person.
    package var hint: String?
    package var cancellation: Cancellation?
    /// The end of the executor's stderr, when the executor is at fault.
    package var executorStderr: String?
    /// Of the executor, as JSON text.
    package var executorMetadata: [UInt8]?
    package var metadata: [(key: String, value: String)] = []
    package var attempts = 1
    package var timing = Timing()
    package var usage: ExecuteResult.Usage?
    /// The isolation certificate as JSON text; nil if nothing was started.
    package var isolation: [UInt8]?
    package var plugin: PluginIdentity?

    package init(id: String, origin: TaskOrigin, executor: String, outcome: Outcome, exitCode: Int32 = 0) {
        self.id = id
        self.origin = origin
        self.executor = executor
        self.outcome = outcome
        self.exitCode = exitCode
    }

    /// Whether anything may have changed by it.
    package var changed: Bool {
        if let guarding, !guarding.effect.isExecution { return guarding.effect == .wouldExecute }
        return switch outcome {
        case .succeeded, .partial: true
        case .skipped, .invalid, .denied, .expired, .dependencyFailed: false
        default: error?.sideEffects != Failure.SideEffects.none
        }
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("id")
        writer.string(id)
        writer.key("run_id")
        writer.string(origin.runID)
        if let parent = origin.parentID {
            writer.key("parent_id")
            writer.string(parent)
        }
        writer.key("principal")
        writer.string(origin.principal)
        writer.key("executor")
        writer.string(executor)
        writer.key("outcome")
        writer.string(outcome.rawValue)
        writer.key("exit_code")
        writer.int(exitCode)
        if let signal {
            writer.key("signal")
            writer.int(signal)
        }
        writer.key("output")
        output.encode(into: &writer)
        writer.key("stderr")
        errorOutput.encode(into: &writer)
        if let value {
            writer.key("result")
            writer.raw(value)
        }
        writer.key("changed")
        writer.bool(changed)
        if let guarding {
            writer.key("guard")
            guarding.encode(into: &writer)
        }
        encodeDetails(into: &writer)
        writer.endObject()
    }

    private func encodeDetails(into writer: inout JSONWriter) {
        if let error {
            writer.key("error")
            error.encode(into: &writer)
        }
        if !limitsReached.isEmpty {
            writer.key("limits_reached")
            writer.beginArray()
            for reached in limitsReached { reached.encode(into: &writer) }
            writer.endArray()
        }
        if !controlFilesMade.isEmpty {
            writer.key("control_files_made")
            writer.strings(controlFilesMade)
        }
        writer.optional("hint", hint)
        if let executorStderr, !executorStderr.isEmpty {
            writer.key("executor_stderr")
            writer.string(executorStderr)
        }
        if let cancellation {
            writer.key("cancel")
            cancellation.encode(into: &writer)
        }
        writer.key("metadata")
        writer.strings(metadata)
        if let executorMetadata {
            writer.key("executor_metadata")
            writer.raw(executorMetadata)
        }
        writer.key("attempts")
        writer.int(attempts)
        writer.key("timing")
        timing.encode(into: &writer)
        if let usage {
            writer.key("usage")
            usage.encode(into: &writer)
        }
        if let isolation {
            writer.key("isolation")
            writer.raw(isolation)
        }
        if let plugin {
            writer.key("plugin")
            plugin.encode(into: &writer)
        }
    }
}

extension TaskResult.Cancellation {
    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("reason")
        writer.string(reason)
        if let stage {
            writer.key("stage")
            writer.string(stage.rawValue)
        }
        writer.key("survivors")
        writer.string(survivors)
        writer.endObject()
    }
}

extension TaskResult.Timing {
    func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("submitted_ms")
        writer.int(submitted)
        writer.key("queued_us")
        writer.int(queued)
        writer.key("running_us")
        writer.int(running)
        writer.endObject()
    }
}

extension TaskResult.PluginIdentity {
    func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("name")
        writer.string(name)
        writer.key("version")
        writer.string(version)
        writer.endObject()
    }
}
