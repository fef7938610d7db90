internal import OstlerConfig
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSystem
internal import OstlerTasks

extension ResourceReader {
    private static let execMembers =
        [
            "command", "cwd", "environment", "path", "returns", "creates", "onlyif", "unless", "refresh_only",
            "refreshonly", "subscribe", "logoutput", "provider", "ensure", "effects",
        ] + taskMembers + common

    func exec(_ name: String, _ properties: ValueReader) -> Resource? {
        guard let members = members(properties, Self.execMembers) else { return nil }
        _ = members.given("ensure")?.choice(ExecEnsure.self)
        let line = members.given("command")?.string() ?? name
        let directory = members["cwd"]?.absolutePath() ?? "/"
        let environment = variables(members)
        guard let provider = provider(members.given("provider"), members),
            let argv = words(line, provider, members.given("command"), members)
        else { return nil }
        let command = CommandRequest(argv: argv, directory: directory, environment: environment)
        let exec = ExecResource(
            command: command,
            provider: provider.name,
            logsOutput: members.given("logoutput")?.bool() ?? false
        )
        var resource = base(.exec, name, members, .exec(exec))
        checkGuards(resource, members)
        resource.effects = effects(members.given("effects"), resource.guards, in: directory)
        resource.checks = checks(members["health_checks"], resource)
        let payload = (try? JSONValue(parsing: command.payload)) ?? .null
        guard let (spec, retry) = task(resource, [("executor", .string("command")), ("payload", payload)], members)
        else { return nil }
        (resource.task, resource.retry) = (spec, retry)
        return resource
    }

    /// Only `present` means anything to a command; the other word is allowed and has no effect.
    private enum ExecEnsure: String, CaseIterable {
        case present
        case absent
    }

    private func provider(_ reader: ValueReader?, _ members: MembersReader) -> ExecProvider? {
        let name = reader?.string()
        do throws(ExecProviderFault) {
            return try providers.provider(named: name, warn: warn)
        } catch {
            let hint = "there are: \(providers.names.joined(separator: ", "))"
            members.report(.unsupported, at: reader?.pointer ?? members.pointer, "\(error); \(hint)")
            return nil
        }
    }

    private func words(
        _ line: String,
        _ provider: ExecProvider,
        _ command: ValueReader?,
        _ members: MembersReader
    ) -> [String]? {
        do throws(ExecProviderFault) {
            return try provider.argv(line)
        } catch {
            let what = command == nil ? "the name, which is the command" : "command"
            members.report(.invalidValue, at: command?.pointer ?? members.pointer, "\(what): \(error)")
            return nil
        }
    }

    /// Guards are read as the command is, before anything runs.
    func checkGuards(_ resource: Resource, _ members: MembersReader) {
        for (name, line) in [("onlyif", resource.guards.onlyif), ("unless", resource.guards.unless)] {
            guard let line else { continue }
            do throws(Failure) {
                _ = try resource.request(for: line)
            } catch {
                members[name]?.report(error)
            }
        }
    }

    // MARK: Surroundings

    private func variables(_ members: MembersReader) -> [CommandRequest.Variable] {
        var variables: [CommandRequest.Variable] = []
        for reader in members["environment"]?.listOrNull() ?? [] {
            guard let text = reader.string() else { continue }
            guard let equals = text.firstIndex(of: "=") else {
                reader.report(.invalidValue, "missing '=' in \(Quotation.text(text))", hint: "write it as KEY=value")
                continue
            }
            guard equals != text.startIndex else {
                reader.report(.invalidValue, "empty key in \(Quotation.text(text))", hint: "write it as KEY=value")
                continue
            }
            let key = String(text[..<equals])
            variables.removeAll { $0.key == key }
            variables.append(.init(key: key, value: String(text[text.index(after: equals)...])))
        }
        if let path = members.given("path").flatMap(searchPath) {
            variables.removeAll { $0.key == "PATH" }
            variables.append(.init(key: "PATH", value: path))
        }
        return variables
    }

    private func searchPath(_ reader: ValueReader) -> String? {
        guard let text = reader.string() else { return nil }
        for part in text.split(separator: ":", omittingEmptySubsequences: false) {
            guard !part.isEmpty else {
                reader.report(.invalidValue, "empty directory in path \(Quotation.text(text))")
                return nil
            }
            guard part.isAbsolutePath else {
                reader.report(.invalidValue, "not an absolute path: \(Quotation.text(String(part))) in path")
                return nil
            }
        }
        return text
    }

    // MARK: Effects

    /// What an execution is said to change: `creates` by itself says something, `effects` says all.
    func effects(_ reader: ValueReader?, _ guards: TaskGuards, in directory: String) -> DeclaredEffects? {
        var effects: DeclaredEffects?
        if let reader, let members = reader.members(["creates", "removes"]) {
            effects = DeclaredEffects(
                creates: members["creates"]?.absolutePaths() ?? [],
                removes: members["removes"]?.absolutePaths() ?? []
            )
        }
        guard let creates = guards.creates, let path = PathText.normalized(PathText.joined(directory, creates)) else {
            return effects
        }
        var all = effects ?? DeclaredEffects()
        all.creates.append(path)
        return all
    }
}

extension ValueReader {
    /// An absolute path in its shortest form.
    func absolutePath() -> String? {
        guard value != .null, let text = string() else { return nil }
        guard let path = PathText.normalized(text) else {
            report(.invalidValue, "\(name) must be an absolute path, not \(Quotation.text(text))")
            return nil
        }
        return path
    }

    func absolutePaths() -> [String] { listOrNull().compactMap { $0.absolutePath() } }

    /// The elements of a list; none for null.
    func listOrNull() -> [ValueReader] { value == .null ? [] : elements() ?? [] }
}
