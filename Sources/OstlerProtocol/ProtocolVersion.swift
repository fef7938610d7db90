/// A range of protocol versions that one side speaks. The version is a whole number.
public struct ProtocolVersions: Sendable, Equatable {
    public let min: Int
    public let max: Int

    /// What this build speaks.
    public static let supported = ProtocolVersions(min: 0, max: 0)

    public init(min: Int, max: Int) {
        self.min = min
        self.max = max
    }

    /// The highest version that both sides speak, or nil.
    public func negotiate(with other: ProtocolVersions) -> Int? {
        let highest = Swift.min(max, other.max)
        return highest >= Swift.max(min, other.min) ? highest : nil
    }

    /// What to tell when there is no common version: both ranges, and who must move.
    public func refusal(ofPlugin plugin: ProtocolVersions) -> String {
        let advice = plugin.max < min ? "upgrade the plugin" : "upgrade the host, or install an older plugin"
        return "the plugin speaks protocol \(plugin), the host \(self): \(advice)"
    }
}

extension ProtocolVersions: CustomStringConvertible {
    public var description: String { min == max ? "\(min)" : "\(min) to \(max)" }
}
