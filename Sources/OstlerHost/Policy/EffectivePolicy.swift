package import OstlerConfig
package import OstlerJSON
internal import OstlerProtocol

/// What a sandbox may, and who said so. It comes from config, command line and task alone; nobody has looked at the machine.
package struct EffectivePolicy: Sendable {
    /// Who said something.
    package enum Origin: Sendable, Equatable {
        /// It is part of a profile that is built in.
        case profile(HostConfig.BaseProfile)
        case config(ConfigOrigin)
        /// A member of the task.
        case task(JSONPointer)
        /// The command that was given: its caller changes its own machine.
        case operation
    }

    /// A value with its origin.
    package struct Said<Value: Sendable>: Sendable {
        package let value: Value
        package let origin: Origin
    }

    /// What stands between a sandbox and the machine; a later one is weaker.
    package enum Fence: Int, Sendable, Comparable {
        case namespaces
        /// Rules on calls and files alone.
        case contained
        case none

        package static func < (left: Fence, right: Fence) -> Bool { left.rawValue < right.rawValue }
    }

    /// How far the network reaches; a later one is wider.
    package enum Network: String, Sendable, Comparable {
        case none
        case loopback
        case host

        private var reach: Int { self == .none ? 0 : self == .loopback ? 1 : 2 }
        package static func < (left: Network, right: Network) -> Bool { left.reach < right.reach }
    }

    /// A path of the host that shows at its own place. A longer path says more than a shorter one above it.
    package struct Grant: Sendable, Hashable {
        package let path: String
        package let isWritable: Bool
        /// Whether it need not exist.
        package var isOptional = false
    }

    /// The name of the profile, as it was asked for.
    package let profile: Said<String>
    package let base: HostConfig.BaseProfile
    package internal(set) var grants: [Said<Grant>]
    package internal(set) var network: Said<Network>
    /// Each limit; nil for none.
    package internal(set) var limits: [SandboxLimit: Said<Int64?>]
    /// Those that the profile or one which it extends sets itself.
    var ownLimits: Set<SandboxLimit> = []
    package internal(set) var environment: [Said<HostConfig.Profile.Variable>] = []
    /// Where commands begin, if not in the work directory.
    package internal(set) var directory: String?

    package var fence: Fence {
        switch base {
        case .strict, .workspace: .namespaces
        case .contained: .contained
        case .host: .none
        }
    }

    mutating func set(_ limit: SandboxLimit, to value: Int64?, by origin: Origin) {
        limits[limit] = .init(value: value, origin: origin)
    }

    /// Throws for a profile whose commands have the network of the host.
    mutating func set(_ network: Network, by origin: Origin) throws(Failure) {
        guard fence == .namespaces else { throw .noNetworkOfItsOwn(profile.value) }
        self.network = .init(value: network, origin: origin)
    }

    /// The value of a limit; nil for none.
    package func limit(_ limit: SandboxLimit) -> Int64? { limits[limit]?.value }
}

extension EffectivePolicy {
    /// One line of an explanation.
    package struct Line: Sendable, Equatable {
        /// `profile`, `fence`, `ro`, `rw`, `network`, `limits.memory`, `env`.
        package let subject: String
        package let value: String
        package let origin: Origin
    }

    /// All that is in force, in the order of the reference.
    package var lines: [Line] {
        var lines = [
            Line(subject: "profile", value: profile.value, origin: profile.origin),
            Line(subject: "fence", value: fence.text, origin: .profile(base)),
        ]
        lines += grants.map { grant in
            let note = grant.value.isOptional ? " (if it exists)" : ""
            return Line(
                subject: grant.value.isWritable ? "rw" : "ro",
                value: grant.value.path + note,
                origin: grant.origin
            )
        }
        lines.append(Line(subject: "network", value: network.value.rawValue, origin: network.origin))
        lines += SandboxLimit.allCases.compactMap { limit in
            limits[limit].map {
                Line(subject: "limits.\(limit.rawValue)", value: limit.text($0.value), origin: $0.origin)
            }
        }
        lines += environment.map {
            Line(subject: "env", value: "\($0.value.name)=\($0.value.value)", origin: $0.origin)
        }
        return lines
    }
}

extension EffectivePolicy.Fence {
    /// What it is, in words.
    package var text: String {
        switch self {
        case .namespaces: "namespaces"
        case .contained: "contained, without namespaces"
        case .none: "none"
        }
    }
}

extension EffectivePolicy.Origin: CustomStringConvertible {
    package var description: String {
        switch self {
        case .profile(let base): "profile \(base.rawValue)"
        case .config(let origin): origin.description
        case .task(let pointer): "task \(pointer)"
        case .operation: "the command"
        }
    }
}
