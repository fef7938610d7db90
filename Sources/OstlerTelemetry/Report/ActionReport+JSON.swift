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
        writer.member("version", Self.version)
        writer.member("action", action)
        writer.member("run_id", runID)
        writer.optional("trace_id", traceID)
        encodeSummary(into: &writer)
        writer.key("components")
        writer.beginArray()
        for component in components { component.encode(into: &writer) }
        writer.endArray()
        writer.member("components_omitted", omitted)
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
        writer.member("status", status.rawValue)
        writer.member("exit_code", exitCode)
        writer.member("started_ms", startedAt)
        writer.member("duration_us", duration)
        writer.member("components", total)
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
        writer.member("name", name)
        writer.member("kind", kind)
        writer.member("state", state.rawValue)
        writer.member("outcome", outcome.rawValue)
        writer.member("health", health.rawValue)
        writer.member("changed", changed)
        writer.member("attempts", attempts)
        writer.member("duration_us", duration)
        writer.endObject()
    }

    fileprivate func encodeFailure(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("component", name)
        writer.member("outcome", outcome.rawValue)
        writer.member("reason", reason)
        if let failure {
            writer.key("error")
            failure.encode(into: &writer)
        }
        writer.member("diagnostics", diagnostics)
        writer.endObject()
    }
}

extension ActionReport.Recommendation {
    fileprivate func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("text", text)
        writer.member("components", count)
        writer.member("examples", examples)
        writer.endObject()
    }
}
