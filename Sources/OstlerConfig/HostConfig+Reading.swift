internal import OstlerJSON
internal import OstlerSystem

extension HostConfig.Executor {
    /// The keys that are the host's in every executor's section.
    package static let hostKeys = [
        "enabled", "allowed_commands", "blocked_commands", "rules", "bundles", "exec_workdir",
    ]

    static func all(reading reader: ValueReader) -> [String: HostConfig.Executor] {
        var executors: [String: HostConfig.Executor] = [:]
        for (name, section) in reader.anyMembers()?.all ?? [] {
            if !Identifier.isValid(name) {
                section.report(
                    .invalidName,
                    "\(Quotation.text(name)) is not a name of an executor; \(Identifier.rule)",
                    atKey: true
                )
            }
            executors[name] = HostConfig.Executor(reading: section)
        }
        return executors
    }

    init(reading reader: ValueReader) {
        self.init()
        guard let members = reader.anyMembers() else { return }
        enabled = members["enabled"]?.bool() ?? enabled
        allowedCommands = members["allowed_commands"].map { $0.strings() ?? [] }
        blockedCommands = members["blocked_commands"]?.strings() ?? []
        rules = members["rules"]?.elements()?.compactMap(CommandRule.init(reading:)) ?? []
        bundles = members["bundles"]?.elements()?.compactMap { $0.bundle() } ?? []
        executesWorkDirectory = members["exec_workdir"]?.bool() ?? executesWorkDirectory
        for (key, value) in members.object.members where !Self.hostKeys.contains(key) { settings[key] = value }
    }
}

extension HostConfig.Plugins {
    init(reading reader: ValueReader) {
        self.init()
        guard let members = reader.members(["allow", "block"]) else { return }
        allow = members["allow"].map { $0.strings() ?? [] } ?? allow
        block = members["block"]?.strings() ?? block
    }
}

extension HostConfig.UIDRange {
    /// The last id that is not a sign for "none" somewhere.
    private static let lastID: Int64 = 4_294_967_293

    init(reading reader: ValueReader) {
        self.init()
        guard let members = reader.members(["first", "count"]) else { return }
        first = members["first"]?.integer(in: 1000...Self.lastID).map { UInt32($0) } ?? first
        count = members["count"]?.integer(in: 1...1_000_000).map { UInt32($0) } ?? count
        if Int64(first) + Int64(count) - 1 > Self.lastID {
            reader.report(.invalidValue, "the range ends above the last user id, \(Self.lastID)")
        }
    }
}

extension HostConfig.Limits {
    init(reading reader: ValueReader) {
        self.init()
        for (limit, value) in reader.limits() { self[limit] = value }
    }
}

extension HostConfig.Tasks {
    init(reading reader: ValueReader) {
        self.init()
        let keys = ["timeout", "queued_timeout", "run_timeout", "grace", "start_timeout"]
        guard let members = reader.members(keys) else { return }
        timeoutMilliseconds = members["timeout"].flatMap { $0.isNone ? nil : $0.positiveMilliseconds() }
        queuedTimeoutMilliseconds =
            members["queued_timeout"].map { $0.isNone ? nil : $0.positiveMilliseconds() } ?? queuedTimeoutMilliseconds
        runTimeoutMilliseconds = members["run_timeout"].flatMap { $0.isNone ? nil : $0.positiveMilliseconds() }
        graceMilliseconds = members["grace"]?.milliseconds() ?? graceMilliseconds
        startTimeoutMilliseconds = members["start_timeout"]?.positiveMilliseconds() ?? startTimeoutMilliseconds
    }
}

extension HostConfig.Log {
    init(reading reader: ValueReader) {
        self.init()
        guard let members = reader.members(["level", "format"]) else { return }
        level = members["level"]?.choice(HostConfig.LogLevel.self) ?? level
        format = members["format"]?.choice(HostConfig.LogFormat.self) ?? format
    }
}

extension ValueReader {
    /// The name of a bundle of files, or an absolute path.
    fileprivate func bundle() -> String? {
        guard let name = string() else { return nil }
        let known = HostConfig.Executor.bundleNames
        guard name.isAbsolutePath || known.contains(name) else {
            report(
                .invalidValue,
                "there is no bundle \(value.summary)",
                hint: Suggestion.nearest(to: name, in: known).map { "did you mean \"\($0)\"?" }
                    ?? "there are \(known.joined(separator: ", ")), or absolute paths"
            )
            return nil
        }
        return name
    }

    /// A duration that is not zero.
    package func positiveMilliseconds() -> Int64? {
        guard let milliseconds = milliseconds() else { return nil }
        guard milliseconds > 0 else {
            report(.invalidValue, "\(name) must be longer than 0")
            return nil
        }
        return milliseconds
    }

    /// A size that is not below `minimum` bytes.
    package func size(atLeast minimum: Int64) -> Int64? {
        guard let bytes = bytes() else { return nil }
        guard bytes >= minimum else {
            report(.invalidValue, "\(name) must be at least \(SizeText.text(bytes: minimum))")
            return nil
        }
        return bytes
    }
}
