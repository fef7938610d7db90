internal import OstlerJSON
internal import OstlerSystem

extension HostConfig {
    /// Where accepted tasks are kept, how many may wait, and what is kept of those that are done.
    package struct Store: Sendable, Equatable {
        /// What of the done tasks is kept; nil for all.
        package struct Retention: Sendable, Equatable {
            /// Milliseconds since a task ended.
            package var ageMilliseconds: Int64? = 30 * 86_400_000
            /// Tasks, the latest.
            package var count: Int?
            /// Bytes that they take together.
            package var size: Int64?

            package init() {}
        }

        /// Absolute, or in the home directory with `~/`; nil for the user's directory of state.
        package var path: String?
        /// The most tasks that may wait in a queue; nil for no bound.
        package var capacity: Int? = 100_000
        /// How long a command waits for another process that writes.
        package var lockTimeoutMilliseconds: Int64 = 10_000
        package var retention = Retention()
        /// Whether `run` keeps what it ran, too.
        package var recordsRuns = false

        package init() {}
    }
}

extension HostConfig.Store {
    init(reading reader: ValueReader) {
        self.init()
        guard let members = reader.members(["path", "capacity", "lock_timeout", "retention", "record_runs"]) else {
            return
        }
        path = members["path"]?.storePath()
        capacity = members["capacity"].map { $0.isNone ? nil : $0.count() } ?? capacity
        lockTimeoutMilliseconds = members["lock_timeout"]?.lockTimeout() ?? lockTimeoutMilliseconds
        retention = members["retention"].map(Retention.init(reading:)) ?? retention
        recordsRuns = members["record_runs"]?.bool() ?? recordsRuns
    }

    var tree: JSONValue {
        var object = JSONObject()
        if let path { object["path"] = .string(path) }
        object["capacity"] = Self.optional(capacity.map { .number(.int(Int64($0))) })
        object["lock_timeout"] = .string(DurationText.text(milliseconds: lockTimeoutMilliseconds))
        object["retention"] = [
            "age": Self.optional(retention.ageMilliseconds.map { .string(DurationText.text(milliseconds: $0)) }),
            "count": Self.optional(retention.count.map { .number(.int(Int64($0))) }),
            "size": Self.optional(retention.size.map { .string(SizeText.text(bytes: $0)) }),
        ]
        object["record_runs"] = .bool(recordsRuns)
        return .object(object)
    }

    private static func optional(_ value: JSONValue?) -> JSONValue { value ?? .string("none") }
}

extension HostConfig.Store.Retention {
    init(reading reader: ValueReader) {
        self.init()
        guard let members = reader.members(["age", "count", "size"]) else { return }
        ageMilliseconds = members["age"].map { $0.isNone ? nil : $0.positiveMilliseconds() } ?? ageMilliseconds
        count = members["count"].flatMap { $0.isNone ? nil : $0.count() }
        size = members["size"].flatMap { $0.isNone ? nil : $0.size(atLeast: 0) }
    }
}

extension ValueReader {
    fileprivate func count() -> Int? { integer(in: 1...1_000_000_000).map { Int($0) } }

    /// What SQLite counts in 32 bits.
    fileprivate func lockTimeout() -> Int64? {
        guard let milliseconds = positiveMilliseconds() else { return nil }
        guard milliseconds <= 3_600_000 else {
            report(.invalidValue, "\(name) must be at most 1h")
            return nil
        }
        return milliseconds
    }

    fileprivate func storePath() -> String? {
        guard let path = string() else { return nil }
        guard path.isAbsolutePath || path.hasPrefix("~/") else {
            report(.invalidValue, "\(name) must be an absolute path, or begin with ~/")
            return nil
        }
        return path
    }
}
