package import OstlerJSON
internal import OstlerProtocol

extension TaskSpec {
    /// Writes the task as ``TaskSpecParser`` reads it, without what is said to the queue: a store keeps that apart. Where a
    /// name was given twice, the last value stands.
    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("id")
        writer.string(id)
        writer.key("executor")
        writer.string(executor)
        Self.encode("timeout", timeout, into: &writer)
        Self.encode("run_timeout", runTimeout, into: &writer)
        Self.encode("env", environment, into: &writer)
        if environmentMode != .minimal { writer.optional("env_mode", environmentMode.rawValue) }
        if !sandbox.isEmpty {
            writer.key("sandbox")
            sandbox.encode(into: &writer)
        }
        if let guards {
            writer.key("guards")
            guards.encode(into: &writer)
        }
        if !secrets.isEmpty {
            writer.key("secrets")
            writer.beginArray()
            for secret in secrets { secret.encode(into: &writer) }
            writer.endArray()
        }
        writer.optional("idempotency_key", idempotencyKey)
        writer.optional("traceparent", traceparent)
        Self.encode("labels", labels, into: &writer)
        Self.encode("metadata", metadata, into: &writer)
        if priority != 0 {
            writer.key("priority")
            writer.int(priority)
        }
        writer.key("payload")
        writer.raw(payload)
        writer.endObject()
    }

    /// Null for no limit; nothing for that of the configuration.
    private static func encode(_ name: StaticString, _ timeout: Int64??, into writer: inout JSONWriter) {
        guard let timeout else { return }
        writer.key(name)
        if let timeout { writer.string(DurationText.text(milliseconds: timeout)) } else { writer.null() }
    }

    private static func encode(
        _ name: StaticString,
        _ pairs: [(key: String, value: String)],
        into writer: inout JSONWriter
    ) {
        guard !pairs.isEmpty else { return }
        var last: [ExactKey: Int] = [:]
        for (index, pair) in pairs.enumerated() { last[ExactKey(pair.key)] = index }
        writer.key(name)
        writer.strings(pairs.enumerated().filter { last[ExactKey($1.key)] == $0 }.map(\.element))
    }
}

extension TaskSpec.SandboxRequest {
    fileprivate func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.optional("profile", profile)
        writer.optional("network", network)
        if !limits.isEmpty {
            writer.key("limits")
            writer.beginObject()
            for limit in SandboxLimit.allCases {
                guard let value = limits[limit] else { continue }
                writer.key(dynamic: limit.rawValue)
                if limit.unit == .things, let value { writer.int(value) } else { writer.string(limit.text(value)) }
            }
            writer.endObject()
        }
        writer.endObject()
    }
}

extension SecretGrant {
    fileprivate func encode(into writer: inout JSONWriter) {
        guard let variable else { return writer.string(name) }
        writer.beginObject()
        writer.key("name")
        writer.string(name)
        writer.key("as")
        writer.string("env")
        writer.key("variable")
        writer.string(variable)
        writer.endObject()
    }
}
