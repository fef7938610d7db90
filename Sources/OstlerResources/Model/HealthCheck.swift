/// A command that tells how a resource is, by the exit codes of Nagios plugins.
package struct HealthCheck: Sendable, Equatable {
    package let name: String
    package let command: CommandRequest
    /// How often it is asked until it says that all is well.
    package let tries: Int
    /// Between two tries, in milliseconds.
    package let pause: Int64
    /// Of one try, in milliseconds: `.some(nil)` for none, nil for that of the configuration.
    package let timeout: Int64??
    /// Whether a warning fails the resource.
    package let failsOnWarning: Bool

    package static let defaultPause: Int64 = 1000
}

/// What a health check said.
package enum HealthStatus: String, Sendable, CaseIterable {
    case ok = "OK"
    case warning = "WARNING"
    case critical = "CRITICAL"
    case unknown = "UNKNOWN"

    /// - Parameter exitCode: nil if the command was ended by a signal or could not be started.
    package init(exitCode: Int32?) {
        switch exitCode {
        case 0: self = .ok
        case 1: self = .warning
        case 2: self = .critical
        default: self = .unknown
        }
    }
}
