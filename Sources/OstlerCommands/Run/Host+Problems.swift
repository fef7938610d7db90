internal import OstlerCatalog
internal import OstlerConfig
internal import OstlerHost
internal import OstlerProtocol
internal import OstlerTasks

extension Host {
    /// What is wrong with a task, or with the schema that is to judge it; empty if it may run.
    func problems(of spec: TaskSpec) -> [Failure] {
        if let fault = schemaFault(spec.executor) { return [fault] }
        let problems = check(spec)
        return problems.isEmpty ? [spec.fault].compactMap(\.self) : problems
    }

    private func schemaFault(_ name: String) -> Failure? {
        guard let executor = settings.catalog.executor(named: name) else { return nil }
        do throws(ConfigError) {
            _ = try executor.executor.payload.compiled()
            return nil
        } catch {
            return Failure(
                "invalid_schema",
                fault: .executor,
                message: "the schema of the executor \(name) is wrong: \(error)",
                hint: "the plugin in \(executor.plugin.directory) needs mending"
            )
        }
    }
}
