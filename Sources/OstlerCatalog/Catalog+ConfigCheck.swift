package import OstlerConfig
internal import OstlerJSON
internal import OstlerSchema
internal import OstlerTrust

extension Catalog {
    /// What the plugins say of the executors' sections in the configuration.
    package struct ConfigCheck: Sendable {
        /// What is wrong, with the places in the configuration file, in the order of the text.
        package var problems: [ConfigError] = []
        /// Sections of executors that no plugin offers, which is no fault.
        package var unusedSections: [String] = []
    }

    /// Checks the keys that are not the host's own against each plugin's `config_schema`. The schema may also describe
    /// the host's keys; it never sees them.
    package func check(_ config: HostConfig) -> ConfigCheck {
        var check = ConfigCheck()
        check.problems = patternProblems(config).map { $0.placed(in: config.document) }
        for (name, section) in config.executors.sorted(by: { $0.key < $1.key }) {
            guard let executor = installedExecutor(named: name) else {
                check.unusedSections.append(name)
                continue
            }
            let pointer = JSONPointer.root.member("executors").member(name)
            check.problems += problems(section, executor, pointer).map { $0.placed(in: config.document) }
        }
        let start = YAMLPosition(line: 1, column: 1)
        check.problems.sort { ($0.position ?? start) < ($1.position ?? start) }
        return check
    }

    private func patternProblems(_ config: HostConfig) -> [Problem] {
        [("allow", config.plugins.allow), ("block", config.plugins.block)].flatMap { key, patterns in
            patterns.enumerated().compactMap { index, text in
                do throws(TrustError) {
                    _ = try PluginPattern(parsing: text)
                    return nil
                } catch {
                    let pointer = JSONPointer.root.member("plugins").member(key).element(index)
                    return Problem(code: .invalidValue, pointer: pointer, message: error.message, hint: error.hint)
                }
            }
        }
    }

    private func problems(
        _ section: HostConfig.Executor,
        _ executor: CatalogExecutor,
        _ pointer: JSONPointer
    ) -> [Problem] {
        guard let schema = executor.plugin.manifest.configSchema else {
            return section.settings.keys.prefix(ProblemLog.limit).map { key in
                Problem(
                    code: .unknownKey,
                    pointer: pointer.member(key),
                    message: "unknown key \(Quotation.text(key)) in executors.\(executor.name)",
                    hint: Suggestion.nearest(to: key, in: HostConfig.Executor.hostKeys)
                        .map { "did you mean \"\($0)\"?" } ?? "the plugin takes no configuration"
                )
            }
        }
        do throws(ConfigError) {
            var writer = JSONWriter()
            writer.value(.object(section.settings))
            return try schema.compiled().validate(writer.bytes).map { problem in
                Problem(
                    code: .schemaViolation,
                    pointer: JSONPointer(pointer.description + problem.pointer.description),
                    message: "executors.\(executor.name): \(problem.message)",
                    hint: nil
                )
            }
        } catch {
            let message = "the config_schema of plugin \"\(executor.plugin.manifest.name)\" is wrong: \(error)"
            return [Problem(code: .invalidSchema, pointer: pointer, message: message, hint: nil)]
        }
    }
}

/// A problem before it is known where in the file it stands.
private struct Problem {
    let code: ConfigError.Code
    let pointer: JSONPointer
    let message: String
    let hint: String?

    func placed(in document: YAMLDocument?) -> ConfigError {
        let position = document.map { document in
            code == .unknownKey ? document.keyPosition(of: pointer) : document.nearestPosition(to: pointer)
        }
        return ConfigError(
            code,
            file: document?.file(of: pointer) ?? "(no configuration file)",
            position: position,
            pointer: pointer,
            message: message,
            hint: hint
        )
    }
}
