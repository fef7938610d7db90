package import OstlerJSON

extension ConformanceReport {
    /// For programs: one object.
    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("plugin")
        writer.string(plugin)
        writer.key("version")
        writer.string(version)
        writer.key("directory")
        writer.string(directory)
        writer.key("strict")
        writer.bool(isStrict)
        writer.key("passes")
        writer.bool(passes)
        writer.key("checks")
        writer.beginArray()
        for row in rows { encode(row, into: &writer) }
        writer.endArray()
        writer.key("figures")
        writer.beginObject()
        writer.number("start_us", figures.startMicroseconds)
        writer.number("peak_bytes", figures.peakBytes)
        writer.number("latency_p50_us", figures.latencyMedian)
        writer.number("latency_p99_us", figures.latency99)
        writer.number("tasks", figures.tasks)
        writer.endObject()
        writer.endObject()
    }

    private func encode(_ row: Row, into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("check")
        writer.string(row.check.name)
        writer.number("must", row.check.must)
        writer.key("level")
        writer.string(row.check.level.rawValue)
        writer.key("title")
        writer.string(row.check.title)
        writer.key("verdict")
        writer.string(row.verdict.word)
        writer.key("counts")
        writer.bool(isFault(row))
        if let detail = row.verdict.detail {
            writer.key("detail")
            writer.string(detail)
        }
        if case .failed = row.verdict {
            writer.key("remedy")
            writer.string(row.check.remedy)
        }
        writer.number("ms", row.milliseconds)
        writer.endObject()
    }
}

extension JSONWriter {
    /// A member that is left out where there is no number.
    fileprivate mutating func number(_ name: StaticString, _ value: (some BinaryInteger)?) {
        guard let value else { return }
        key(name)
        int(value)
    }
}
