internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerTasks

extension ActionReport {
    /// The version of the document's shape: members may be added within one.
    static let version = 1

    /// For programs: one document on one line.
    var json: String {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("version")
        writer.int(Self.version)
        writer.key("action")
        writer.string(action)
        writer.key("run_id")
        writer.string(runID)
        writer.optional("trace_id", traceID)
        encodeSummary(into: &writer)
        writer.key("components")
        writer.beginArray()
        for component in components { component.encode(into: &writer) }
        writer.endArray()
        writer.key("components_omitted")
        writer.int(omitted)
        writer.key("failures")
        writer.beginArray()
        for component in failures { component.encodeFailure(into: &writer) }
        writer.endArray()
        encodeMetrics(into: &writer)
        writer.key("recommendations")
        writer.beginArray()
        for recommendation in recommendations { recommendation.encode(into: &writer) }
        writer.endArray()
        writer.endObject()
        writer.newline()
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private func encodeSummary(into writer: inout JSONWriter) {
        writer.key("summary")
        writer.beginObject()
        writer.key("status")
        writer.string(status.rawValue)
        writer.key("exit_code")
        writer.int(exitCode)
        writer.key("started_ms")
        writer.int(startedAt)
        writer.key("duration_us")
        writer.int(duration)
        writer.key("components")
        writer.int(total)
        writer.endObject()
    }

    private func encodeMetrics(into writer: inout JSONWriter) {
        writer.key("metrics")
        writer.beginObject()
        for (name, counts) in [("outcomes", outcomeCounts), ("states", stateCounts)] {
            writer.key(dynamic: name)
            writer.beginObject()
            for (name, count) in counts {
                writer.key(dynamic: name)
                writer.int(count)
            }
            writer.endObject()
        }
        let figures = [
            ("retries", Int64(retries)), ("work_us", durations.total), ("shortest_us", durations.shortest),
            ("mean_us", durations.mean), ("longest_us", durations.longest),
        ]
        for (name, value) in figures {
            writer.key(dynamic: name)
            writer.int(value)
        }
        writer.endObject()
    }
}

extension ActionReport.Component {
    fileprivate func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        for (key, text) in [
            ("name", name), ("kind", kind), ("state", state.rawValue), ("outcome", outcome.rawValue),
            ("health", health.rawValue),
        ] {
            writer.key(dynamic: key)
            writer.string(text)
        }
        writer.key("changed")
        writer.bool(changed)
        writer.key("attempts")
        writer.int(attempts)
        writer.key("duration_us")
        writer.int(duration)
        writer.endObject()
    }

    fileprivate func encodeFailure(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("component")
        writer.string(name)
        writer.key("outcome")
        writer.string(outcome.rawValue)
        writer.key("reason")
        writer.string(reason)
        if let failure {
            writer.key("error")
            failure.encode(into: &writer)
        }
        writer.key("diagnostics")
        writer.strings(diagnostics)
        writer.endObject()
    }
}

extension ActionReport.Recommendation {
    fileprivate func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("text")
        writer.string(text)
        writer.key("components")
        writer.int(count)
        writer.key("examples")
        writer.strings(examples)
        writer.endObject()
    }
}
