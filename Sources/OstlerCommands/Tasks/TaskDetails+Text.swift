internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerStore
internal import OstlerSystem
internal import OstlerTasks

extension TaskDetails {
    func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        summary.encodeMembers(into: &writer)
        writer.key("labels")
        writer.strings(labels.sorted { $0.key < $1.key }.map { (key: $0.key, value: $0.value) })
        writer.key("needs")
        writer.strings(needs.sorted())
        Self.encode("after", dependencies, into: &writer)
        Self.encode("dependents", dependents, into: &writer)
        writer.key("retry")
        encodeRetry(into: &writer)
        writer.optional("idempotency", rules.idempotency.rawValue)
        writer.optional("idempotency_key", idempotencyKey)
        writer.key("begun")
        writer.int(begun)
        writer.key("attempts")
        writer.beginArray()
        for attempt in attempts { attempt.encode(into: &writer) }
        writer.endArray()
        writer.key("attachments")
        writer.beginArray()
        for attachment in attachments { attachment.encode(into: &writer) }
        writer.endArray()
        writer.key("spec")
        writer.raw(document)
        if let result {
            writer.key("result")
            writer.raw(result)
        }
        writer.endObject()
    }

    private static func encode(_ name: StaticString, _ tasks: [TaskID], into writer: inout JSONWriter) {
        writer.key(name)
        writer.beginArray()
        for task in tasks { writer.int(task.rawValue) }
        writer.endArray()
    }

    private func encodeRetry(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("attempts")
        writer.int(rules.retry.attempts)
        writer.optional("backoff", rules.retry.backoff.rawValue)
        writer.optional("min", DurationText.text(milliseconds: rules.retry.least))
        writer.optional("max", DurationText.text(milliseconds: rules.retry.most))
        writer.endObject()
    }

    /// Name and value, a line each.
    var text: String {
        var lines: [(String, String?)] = [
            ("task", "\(summary.id) \(Quotation.bare(summary.name, longest: 200))"), ("executor", summary.executor),
            ("queue", summary.queue + (summary.priority == 0 ? "" : ", priority \(summary.priority)")),
            ("state", summary.stateText + (summary.isSetAside ? ", set aside" : "")),
            ("error", summary.errorCode),
            ("submitted", "\(Self.time(summary.submittedAt)) by \(summary.origin.principal)"),
            ("claimed", summary.claimedAt.map(Self.time)), ("ended", summary.endedAt.map(Self.time)),
            ("expires", summary.expiresAt.map(Self.time)),
            ("after", Self.list(dependencies.map(\.description))), ("needs", Self.list(needs.sorted())),
            ("labels", Self.list(labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })),
            (
                "retry",
                rules.retry.attempts == 1 ? nil : "\(rules.retry.attempts) tries, \(rules.retry.backoff.rawValue)"
            ),
            ("idempotency", rules.idempotency.rawValue + (idempotencyKey.map { ", key \(Quotation.bare($0))" } ?? "")),
        ]
        lines += attempts.map { ("attempt \($0.number)", $0.text) }
        lines += attachments.map { ("attached", "\($0.name), \(SizeText.text(bytes: $0.bytes))") }
        lines.append(("spec", Quotation.bare(String(decoding: document, as: UTF8.self), longest: 1000)))
        var table = Table([])
        for case (let name, let value?) in lines { table.add([name, value]) }
        return String(table.text.drop { $0 == "\n" })
    }

    private static func list(_ words: [String]) -> String? {
        words.isEmpty ? nil : words.map { Quotation.bare($0) }.joined(separator: ", ")
    }

    private static func time(_ milliseconds: Int64) -> String { WallClock.text(milliseconds: milliseconds) }
}

extension AttemptRecord {
    fileprivate var text: String {
        let end = endedAt.map { $0 - claimedAt }
        let lasted = end.map { " after \(TimeText.brief(milliseconds: $0))" } ?? ""
        return "\(outcome?.rawValue ?? (endedAt == nil ? "running" : "given back"))\(lasted)"
            + (errorCode.map { " [\($0)]" } ?? "") + (worker.rawValue == 0 ? "" : ", worker \(worker)")
    }

    fileprivate func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("attempt")
        writer.int(number)
        writer.key("worker")
        writer.int(worker.rawValue)
        writer.optional("claimed_ms", claimedAt)
        writer.optional("intended_ms", intendedAt)
        writer.optional("identified_ms", identifiedAt)
        writer.optional("ended_ms", endedAt)
        writer.optional("outcome", outcome?.rawValue)
        writer.optional("error", errorCode)
        writer.key("processes")
        writer.beginArray()
        for identity in identities { identity.encode(into: &writer) }
        writer.endArray()
        writer.endObject()
    }
}

extension ProcessIdentity {
    fileprivate func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.optional("role", role)
        writer.key("pid")
        writer.int(pid)
        writer.optional("boot_id", bootID)
        writer.key("start_time")
        writer.int(startTime)
        writer.optional("cgroup", cgroup)
        writer.endObject()
    }
}

extension AttachmentRecord {
    fileprivate func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.optional("name", name)
        writer.optional("sha256", digest)
        writer.key("bytes")
        writer.int(bytes)
        writer.endObject()
    }
}
