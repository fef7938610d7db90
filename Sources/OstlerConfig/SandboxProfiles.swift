package import OstlerJSON
internal import OstlerSystem

extension HostConfig {
    /// The profiles that are always there, from the strongest fence to none.
    package enum BaseProfile: String, Sendable, CaseIterable {
        case strict
        case workspace
        case contained
        case host
    }

    /// How far a sandbox's network reaches.
    package enum Network: String, Sendable, CaseIterable {
        case none
        case loopback
    }

    /// A profile that the file defines: another one, and what is different from it.
    package struct Profile: Sendable, Equatable {
        /// A variable of the environment.
        package struct Variable: Sendable, Hashable {
            package let name: String
            package let value: String

            package init(name: String, value: String) {
                self.name = name
                self.value = value
            }
        }

        /// A base, or another profile of the file.
        package var extends: String
        /// Files and directories to see, each at its own path; absolute, or in the home directory with `~/`.
        package var readOnly: [String] = []
        /// The same, to write to.
        package var readWrite: [String] = []
        package var network: Network?
        /// What is limited otherwise; nil lifts a limit.
        package var limits: [SandboxLimit: Int64?] = [:]
        package var environment: [Variable] = []

        package init(extends: String) {
            self.extends = extends
        }
    }
}

extension HostConfig.Sandbox {
    /// A profile and what it extends, up to the base, which is the last; nil if there is no profile of that name, or if
    /// its family never comes to a base.
    package func lineage(of name: String) -> [String]? {
        var names = [name]
        while HostConfig.BaseProfile(rawValue: names[names.count - 1]) == nil {
            guard let profile = profiles[names[names.count - 1]], names.count <= profiles.count else { return nil }
            names.append(profile.extends)
        }
        return names
    }

    /// What a profile is built on.
    package func base(of name: String) -> HostConfig.BaseProfile? {
        lineage(of: name)?.last.flatMap(HostConfig.BaseProfile.init(rawValue:))
    }

    /// All names that a task may say.
    package var profileNames: [String] {
        HostConfig.BaseProfile.allCases.map(\.rawValue) + profiles.keys.sorted()
    }
}

// MARK: Reading

extension HostConfig.Sandbox {
    init(reading reader: ValueReader) {
        self.init()
        let keys = ["profile", "profiles", "allow_contained", "allow_host", "uid_range", "limits"]
        guard let members = reader.members(keys) else { return }
        let definitions = members["profiles"]?.anyMembers()?.all ?? []
        for (name, definition) in definitions { readProfile(name, definition) }
        allowContained = members["allow_contained"]?.bool() ?? allowContained
        allowHost = members["allow_host"]?.bool() ?? allowHost
        uidRange = members["uid_range"].map(HostConfig.UIDRange.init(reading:)) ?? uidRange
        limits = members["limits"].map(HostConfig.Limits.init(reading:)) ?? limits
        for (name, definition) in definitions { checkFamily(of: name, definition) }
        if let choice = members["profile"] { readChoice(choice) }
    }

    private mutating func readProfile(_ name: String, _ reader: ValueReader) {
        if !Identifier.isValid(name) {
            let message = "\(Quotation.text(name)) is not a name of a profile; \(Identifier.rule)"
            return reader.report(.invalidName, message, atKey: true)
        }
        guard HostConfig.BaseProfile(rawValue: name) == nil else {
            let message = "the profile \"\(name)\" is built in and cannot be defined again"
            return reader.report(.duplicateName, message, hint: "extend it by another name", atKey: true)
        }
        profiles[name] = HostConfig.Profile(reading: reader)
    }

    /// Each profile must come to a base in the end.
    private func checkFamily(of name: String, _ reader: ValueReader) {
        guard let profile = profiles[name], let extends = reader.anyMembers()?["extends"] else { return }
        guard profileNames.contains(profile.extends) else { return extends.unknownProfile(profileNames) }
        if let base = base(of: name) { return checkNetwork(of: profile, on: base, reader) }
        var names = [name]
        while let next = profiles[names[names.count - 1]]?.extends, !names.contains(next) { names.append(next) }
        // Told at the profiles of the ring alone, not at all that lead there.
        guard let last = profiles[names[names.count - 1]]?.extends, last == name else { return }
        let ring = (names + [name]).joined(separator: " extends ")
        extends.report(.invalidValue, "the profiles extend each other in a ring: \(ring)")
    }

    /// Without namespaces there is no network to reach less far.
    private func checkNetwork(of profile: HostConfig.Profile, on base: HostConfig.BaseProfile, _ reader: ValueReader) {
        guard base == .contained || base == .host, let network = reader.anyMembers()?["network"] else { return }
        guard profile.network == .loopback || base == .host else { return }
        network.report(.invalidValue, "the network cannot be limited by a profile that extends \(base.rawValue)")
    }

    private mutating func readChoice(_ reader: ValueReader) {
        guard let name = reader.string() else { return }
        guard profileNames.contains(name) else { return reader.unknownProfile(profileNames) }
        profile = name
        guard base(of: name) == .host, !allowHost else { return }
        reader.report(
            .profileUnavailable,
            "the profile \(Quotation.text(name)) is no sandbox at all, which must be allowed",
            hint: "set sandbox.allow_host: true beside it, if that is what you want"
        )
    }
}

extension HostConfig.Profile {
    init(reading reader: ValueReader) {
        self.init(extends: "")
        guard let members = reader.members(["extends", "ro", "rw", "network", "limits", "env"]) else { return }
        extends = members.required("extends")?.string() ?? ""
        readOnly = members["ro"]?.elements()?.compactMap { $0.grantedPath() } ?? []
        readWrite = members["rw"]?.elements()?.compactMap { $0.grantedPath() } ?? []
        network = members["network"]?.choice(HostConfig.Network.self)
        for (limit, value) in members["limits"]?.limits() ?? [] { limits.updateValue(value, forKey: limit) }
        environment = members["env"]?.variables() ?? []
    }
}

extension ValueReader {
    /// The limits of a sandbox that are named here, each with its value; nil for none.
    func limits() -> [(SandboxLimit, Int64?)] {
        guard let members = members(SandboxLimit.allCases.map(\.rawValue)) else { return [] }
        return SandboxLimit.allCases.compactMap { limit in
            guard let member = members[limit.rawValue] else { return nil }
            if limit.isOptional, member.isNone { return (limit, nil) }
            return member.limit(limit).map { (limit, $0) }
        }
    }

    private func limit(_ limit: SandboxLimit) -> Int64? {
        switch limit.unit {
        case .bytes: size(atLeast: limit.range.lowerBound)
        case .things: integer(in: limit.range)
        case .milliseconds: positiveMilliseconds()
        }
    }

    fileprivate func unknownProfile(_ names: [String]) {
        report(
            .profileUnavailable,
            "there is no profile \(value.summary)",
            hint: Suggestion.nearest(to: value.string ?? "", in: names).map { "did you mean \"\($0)\"?" }
                ?? "there are \(names.joined(separator: ", "))"
        )
    }

    /// A path of the host that a sandbox shows at its own place.
    fileprivate func grantedPath() -> String? {
        guard let path = string() else { return nil }
        let isAtHome = path == "~" || path.hasPrefix("~/")
        guard path.isAbsolutePath || isAtHome, !path.pathParts.contains(where: { $0 == ".." || $0 == "." })
        else {
            report(.invalidValue, "\(name) must be an absolute path, or begin with ~/, without . and .. in it")
            return nil
        }
        let parts = path.pathParts
        guard isAtHome || !Self.hasOwn(parts.map(String.init)) else {
            report(.invalidValue, "\(value.summary) cannot be granted: each sandbox has one of its own")
            return nil
        }
        return isAtHome ? path : "/" + parts.joined(separator: "/")
    }

    private static func hasOwn(_ parts: [String]) -> Bool {
        guard let first = parts.first else { return true }
        if parts.starts(with: ["var", "tmp"]) { return true }
        return ["proc", "dev"].contains(first) || parts.count == 1 && ["tmp", "work", "etc"].contains(first)
    }

    /// Variables of an environment.
    fileprivate func variables() -> [HostConfig.Profile.Variable] {
        (anyMembers()?.all ?? []).compactMap { name, reader in
            guard !name.isEmpty, !name.utf8.contains(where: { $0 == UInt8(ascii: "=") || $0 == 0 }) else {
                reader.report(.invalidName, "the name of a variable must not be empty nor hold '=' or NUL", atKey: true)
                return nil
            }
            return reader.text().map { .init(name: name, value: $0) }
        }
    }
}
