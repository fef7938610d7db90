internal import OstlerCatalog
internal import OstlerConfig
package import OstlerProtocol

/// What holds for tasks that do not say.
extension Host {
    /// Whether what an executor may have done already may be done again.
    package func idempotency(of executor: String) -> Idempotency {
        settings.catalog.executor(named: executor)?.executor.idempotency ?? .unsafe
    }

    /// How long a task may take, in milliseconds; nil for no limit.
    package var defaultTimeout: Int64? { settings.config.tasks.timeoutMilliseconds }
}
