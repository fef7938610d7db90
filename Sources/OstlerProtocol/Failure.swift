public import OstlerJSON

/// What went wrong, in the one shape that is used everywhere: wire, results, CLI.
public struct Failure: Error, Sendable, Equatable {
    /// Whose doing it is.
    public enum Fault: String, Sendable {
        case user
        case task
        case executor
        case host
        case sandbox
        case infra
    }

    /// Whether trying again can help.
    public enum Retry: String, Sendable {
        case never
        case same
        case otherNode = "other_node"
        case after
    }

    /// Whether the work may have changed the world.
    public enum SideEffects: String, Sendable {
        case none
        case possible
        case done
    }

    /// A limit that was hit: its name, its value, and what was seen.
    public struct Limit: Sendable, Equatable {
        public let name: String
        public let limit: UInt64
        public let observed: UInt64

        public init(name: String, limit: UInt64, observed: UInt64) {
            self.name = name
            self.limit = limit
            self.observed = observed
        }
    }

    /// Stable, snake_case.
    public var code: String
    public var fault: Fault
    public var retry: Retry
    public var sideEffects: SideEffects
    /// One sentence for a person: what went wrong and where.
    public var message: String
    /// The member of the task that is at fault.
    public var pointer: JSONPointer?
    public var limit: Limit?
    /// What to do about it.
    public var hint: String?
    /// The page of the documentation that explains it.
    public var doc: String?

    public init(
        _ code: String,
        fault: Fault,
        retry: Retry = .never,
        sideEffects: SideEffects = .none,
        message: String,
        pointer: JSONPointer? = nil,
        limit: Limit? = nil,
        hint: String? = nil
    ) {
        self.code = code
        self.fault = fault
        self.retry = retry
        self.sideEffects = sideEffects
        self.message = message
        self.pointer = pointer
        self.limit = limit
        self.hint = hint
    }

    /// The same with all of its texts rewritten, so that what must not be told stands in none of them.
    package func concealed(_ conceal: (String) -> String) -> Failure {
        var failure = self
        failure.code = conceal(code)
        failure.message = conceal(message)
        failure.hint = hint.map(conceal)
        failure.doc = doc.map(conceal)
        return failure
    }

    public func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("code", code)
        writer.member("fault", fault.rawValue)
        writer.member("retry", retry.rawValue)
        writer.member("side_effects", sideEffects.rawValue)
        writer.member("message", message)
        writer.optional("pointer", pointer?.description)
        if let limit {
            writer.key("limit")
            writer.beginObject()
            writer.member("name", limit.name)
            writer.member("limit", limit.limit)
            writer.member("observed", limit.observed)
            writer.endObject()
        }
        writer.optional("hint", hint)
        writer.optional("doc", doc)
        writer.endObject()
    }

    /// Reads the shape; what a plugin leaves out gets the most careful value.
    public init(reading reader: inout JSONReader) throws(JSONError) {
        self.init("executor_error", fault: .executor, sideEffects: .possible, message: "")
        var inner: Failure?
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.matches(key, "code") {
                // A JSON-RPC error has a number here; the word then stands in `data`.
                if try reader.peek() == .string { code = try reader.string() } else { _ = try reader.skipValue() }
            } else if reader.matches(key, "fault") {
                fault = Fault(rawValue: try reader.string()) ?? .executor
            } else if reader.matches(key, "retry") {
                retry = Retry(rawValue: try reader.string()) ?? .never
            } else if reader.matches(key, "side_effects") {
                sideEffects = SideEffects(rawValue: try reader.string()) ?? .possible
            } else if reader.matches(key, "message") {
                message = try reader.string()
            } else if reader.matches(key, "pointer") {
                pointer = JSONPointer(try reader.string())
            } else if reader.matches(key, "hint") {
                hint = try reader.string()
            } else if reader.matches(key, "doc") {
                doc = try reader.string()
            } else if reader.matches(key, "limit") {
                limit = try Self.readLimit(&reader)
            } else if reader.matches(key, "data"), try reader.peek() == .object {
                inner = try Failure(reading: &reader)
            } else {
                _ = try reader.skipValue()
            }
        }
        guard var inner else { return }
        if inner.message.isEmpty { inner.message = message }
        self = inner
    }

    private static func readLimit(_ reader: inout JSONReader) throws(JSONError) -> Limit {
        var (name, limit, observed) = ("", UInt64(0), UInt64(0))
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.matches(key, "name") {
                name = try reader.string()
            } else if reader.matches(key, "limit") {
                limit = UInt64(clamping: try reader.int())
            } else if reader.matches(key, "observed") {
                observed = UInt64(clamping: try reader.int())
            } else {
                _ = try reader.skipValue()
            }
        }
        return Limit(name: name, limit: limit, observed: observed)
    }
}
