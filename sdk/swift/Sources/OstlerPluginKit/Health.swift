internal import OstlerProtocol

/// How a plugin is.
public struct Health: Sendable {
    public enum Status: String, Sendable {
        case healthy
        case degraded
        case unhealthy
    }

    public var status: Status
    /// A word about it, for people.
    public var detail: String?

    public init(_ status: Status = .healthy, detail: String? = nil) {
        self.status = status
        self.detail = detail
    }

    var result: HealthResult {
        let status: HealthResult.Status =
            switch status {
            case .healthy: .healthy
            case .degraded: .degraded
            case .unhealthy: .unhealthy
            }
        return HealthResult(status: status, detail: detail)
    }
}
