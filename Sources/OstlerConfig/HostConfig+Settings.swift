package import OstlerJSON

/// Where an effective value comes from.
package enum ConfigOrigin: Sendable, Equatable, CustomStringConvertible {
    case builtIn
    case file(String, YAMLPosition)
    /// A variable of the caller's environment, by its name.
    case environment(String)
    /// An option of the command line, by its name without dashes.
    case option(String)

    /// `default`, `ostler.yaml:3:5`, `$OSTLER_LOG_LEVEL` or `--log-level`.
    package var description: String {
        switch self {
        case .builtIn: "default"
        case .file(let file, let position): "\(file):\(position.line):\(position.column)"
        case .environment(let name): "$" + name
        case .option(let name): "--" + name
        }
    }
}

extension HostConfig {
    /// One effective value and where it comes from.
    package struct Setting: Sendable, Equatable {
        package let pointer: JSONPointer
        package let value: JSONValue
        package let origin: ConfigOrigin

        package init(pointer: JSONPointer, value: JSONValue, origin: ConfigOrigin) {
            self.pointer = pointer
            self.value = value
            self.origin = origin
        }
    }

    /// Every effective value, in the order of the reference; executors by name.
    package var settings: [Setting] {
        var settings: [Setting] = []
        collect(tree, at: .root, into: &settings)
        return settings
    }

    /// Where the value at `pointer` comes from.
    package func origin(of pointer: JSONPointer) -> ConfigOrigin {
        guard let document, let position = document.position(of: pointer) else { return .builtIn }
        return .file(document.file(of: pointer), position)
    }

    /// The whole configuration as a file would say it.
    package var tree: JSONValue {
        let sections = executors.sorted { $0.key < $1.key }.map { ($0.key, $0.value.tree) }
        let secrets = secrets.sorted { $0.key < $1.key }.map { ($0.key, $0.value.tree) }
        return [
            "executors": .object(JSONObject(sections)),
            "plugins": ["allow": .strings(plugins.allow), "block": .strings(plugins.block)],
            "sandbox": sandbox.tree,
            "tasks": [
                "timeout": .duration(tasks.timeoutMilliseconds),
                "queued_timeout": .duration(tasks.queuedTimeoutMilliseconds),
                "run_timeout": .duration(tasks.runTimeoutMilliseconds),
                "grace": .duration(tasks.graceMilliseconds),
                "start_timeout": .duration(tasks.startTimeoutMilliseconds),
            ],
            "store": store.tree,
            "secrets": .object(JSONObject(secrets)),
            "log": ["level": .string(log.level.rawValue), "format": .string(log.format.rawValue)],
        ]
    }

    private func collect(_ value: JSONValue, at pointer: JSONPointer, into settings: inout [Setting]) {
        if let object = value.object {
            for (key, member) in object.members { collect(member, at: pointer.member(key), into: &settings) }
        } else {
            settings.append(Setting(pointer: pointer, value: value, origin: origin(of: pointer)))
        }
    }
}

extension HostConfig.Executor {
    fileprivate var tree: JSONValue {
        var object = JSONObject([("enabled", .bool(enabled))])
        if let allowedCommands { object["allowed_commands"] = .strings(allowedCommands) }
        object["blocked_commands"] = .strings(blockedCommands)
        if !rules.isEmpty { object["rules"] = .strings(rules.map { "\($0.decision.rawValue) \($0.text)" }) }
        object["bundles"] = .strings(bundles)
        object["exec_workdir"] = .bool(executesWorkDirectory)
        for (key, value) in settings.members { object[key] = value }
        return .object(object)
    }
}

extension HostConfig.Sandbox {
    fileprivate var tree: JSONValue {
        var object = JSONObject([("profile", .string(profile))])
        if !profiles.isEmpty {
            let sorted = profiles.sorted { $0.key < $1.key }
            object["profiles"] = .object(JSONObject(sorted.map { ($0.key, $0.value.tree) }))
        }
        object["allow_contained"] = .bool(allowContained)
        object["allow_host"] = .bool(allowHost)
        object["uid_range"] = [
            "first": .number(.int(Int64(uidRange.first))),
            "count": .number(.int(Int64(uidRange.count))),
        ]
        object["limits"] = .limits(SandboxLimit.allCases.map { ($0, limits[$0]) })
        return .object(object)
    }
}

extension HostConfig.Profile {
    fileprivate var tree: JSONValue {
        var object = JSONObject([("extends", .string(extends))])
        if !readOnly.isEmpty { object["ro"] = .strings(readOnly) }
        if !readWrite.isEmpty { object["rw"] = .strings(readWrite) }
        if let network { object["network"] = .string(network.rawValue) }
        if !limits.isEmpty {
            object["limits"] = .limits(SandboxLimit.allCases.compactMap { limit in limits[limit].map { (limit, $0) } })
        }
        if !environment.isEmpty {
            object["env"] = .object(JSONObject(environment.map { ($0.name, .string($0.value)) }))
        }
        return .object(object)
    }
}

extension JSONValue {
    fileprivate static func strings(_ strings: [String]) -> JSONValue { .array(strings.map { .string($0) }) }

    fileprivate static func duration(_ milliseconds: Int64?) -> JSONValue {
        .string(milliseconds.map { DurationText.text(milliseconds: $0) } ?? "none")
    }

    fileprivate static func limits(_ limits: [(SandboxLimit, Int64?)]) -> JSONValue {
        .object(
            JSONObject(
                limits.map { limit, value in
                    guard limit.unit == .things, let value else { return (limit.rawValue, .string(limit.text(value))) }
                    return (limit.rawValue, .number(.int(value)))
                }
            )
        )
    }
}
