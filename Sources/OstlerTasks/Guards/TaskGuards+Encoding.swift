package import OstlerJSON
internal import OstlerProtocol

extension TaskGuards {
    /// Writes what was said, as it is read.
    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        if control != Control() {
            writer.key("control")
            writer.beginObject()
            for (name, value) in [("if", control.if), ("unless", control.unless)] {
                guard let value else { continue }
                writer.key(dynamic: name)
                writer.bool(value)
            }
            writer.endObject()
        }
        Self.encode("require", require, into: &writer)
        Self.encode("subscribe", subscribe, into: &writer)
        writer.optional("creates", creates)
        for (name, command) in [("onlyif", onlyif), ("unless", unless)] {
            guard let command else { continue }
            writer.key(dynamic: name)
            switch command {
            case .line(let line): writer.string(line)
            case .arguments(let words): writer.strings(words)
            }
        }
        if refreshOnly {
            writer.key("refresh_only")
            writer.bool(true)
        }
        if returns != .zero {
            writer.key("returns")
            writer.beginArray()
            for code in returns.codes { writer.int(code) }
            writer.endArray()
        }
        writer.optional("alias", alias)
        writer.endObject()
    }

    private static func encode(_ name: StaticString, _ references: [GuardReference], into writer: inout JSONWriter) {
        guard !references.isEmpty else { return }
        writer.key(name)
        writer.strings(references.map(\.description))
    }
}
