internal import OstlerConfig
internal import OstlerJSON
internal import OstlerProtocol

/// One member in which a policy is wider than another.
struct Widening: Equatable {
    let member: String
    let asked: String
    let allowed: String
}

extension EffectivePolicy {
    /// In what it goes beyond `ceiling`; nil if it is as narrow in every member.
    func widening(beyond ceiling: EffectivePolicy) -> Widening? {
        if fence > ceiling.fence {
            return Widening(member: "fence", asked: fence.text, allowed: ceiling.fence.text)
        }
        if let files = widening(ofFilesBeyond: ceiling) { return files }
        if network.value > ceiling.network.value {
            return Widening(
                member: "network",
                asked: network.value.rawValue,
                allowed: ceiling.network.value.rawValue
            )
        }
        return SandboxLimit.allCases.lazy.compactMap { widening(of: $0, beyond: ceiling) }.first
    }

    private func widening(of limit: SandboxLimit, beyond ceiling: EffectivePolicy) -> Widening? {
        guard let most = ceiling.limit(limit) else { return nil }
        if let asked = self.limit(limit), asked <= most { return nil }
        return Widening(
            member: "limits.\(limit.rawValue)",
            asked: limit.text(self.limit(limit)),
            allowed: limit.text(most)
        )
    }

    /// Grants nest, so what may be done with each path that either of them names decides.
    private func widening(ofFilesBeyond ceiling: EffectivePolicy) -> Widening? {
        guard ceiling.fence != .none else { return nil }
        for path in (grants + ceiling.grants).map(\.value.path) {
            let (asked, allowed) = (access(to: path), ceiling.access(to: path))
            guard asked > allowed else { continue }
            return Widening(member: "files", asked: "\(path) \(asked.text)", allowed: allowed.text)
        }
        return nil
    }

    private func access(to path: String) -> Access {
        let above = grants.map(\.value).filter { path == $0.path || path.hasPrefix($0.path + "/") }
        guard let nearest = above.max(by: { $0.path.utf8.count < $1.path.utf8.count }) else { return .none }
        return nearest.isWritable ? .write : .read
    }
}

/// What may be done with a file of the host.
private enum Access: Int, Comparable {
    case none
    case read
    case write

    var text: String {
        switch self {
        case .none: "not visible"
        case .read: "read-only"
        case .write: "writable"
        }
    }

    static func < (left: Access, right: Access) -> Bool { left.rawValue < right.rawValue }
}

extension EffectivePolicy {
    /// With the limits of `ceiling` where they are lower and the profile says nothing of its own: who asks for another
    /// fence does not ask for more memory.
    func limited(by ceiling: EffectivePolicy) -> EffectivePolicy {
        var limited = self
        for limit in SandboxLimit.allCases where !ownLimits.contains(limit) {
            if widening(of: limit, beyond: ceiling) != nil { limited.limits[limit] = ceiling.limits[limit] }
        }
        return limited
    }
}
