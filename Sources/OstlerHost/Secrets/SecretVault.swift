internal import OstlerConfig
internal import OstlerJSON
package import OstlerProtocol
internal import OstlerSandbox
package import OstlerSystem
internal import OstlerTasks

/// The secrets of a run: each is read once, when a task first needs it, and is then looked for in all that is told.
@LoopActor
package final class SecretVault {
    private let sources: [String: SecretSource]
    private var reads: [String: Task<Result<SecretValue, Failure>, Never>] = [:]
    private var known: [SecretValue] = []
    /// For words that belong to no task, or may be of any; nil while there are no secrets.
    package private(set) var mask: SecretMask?

    init(_ sources: [String: SecretSource]) {
        self.sources = sources
    }

    // MARK: Checking

    /// What is wrong with what a task asks for, found without reading any secret.
    func problem(of spec: TaskSpec) -> Failure? {
        for (index, grant) in spec.secrets.enumerated() {
            let pointer = JSONPointer("/secrets").element(index)
            guard sources[grant.name] != nil else { return .unknownSecret(grant.name, sources.keys.sorted(), pointer) }
            if let variable = grant.variable, spec.environment.contains(where: { $0.key == variable }) {
                return .ambiguousVariable(variable, pointer)
            }
        }
        return nil
    }

    // MARK: Reading

    /// Reads secrets beside the loop; what cannot be had, with its name.
    package func failures(of names: some Sequence<String>) async -> [(name: String, failure: Failure)] {
        var failures: [(name: String, failure: Failure)] = []
        for name in names {
            do throws(Failure) {
                _ = try await value(of: name)
            } catch {
                failures.append((name, error))
            }
        }
        return failures
    }

    /// What a task is given.
    func resolve(_ grants: [SecretGrant]) async throws(Failure) -> [(grant: SecretGrant, value: SecretValue)] {
        var found: [(grant: SecretGrant, value: SecretValue)] = []
        for grant in grants {
            let value = try await value(of: grant.name)
            if grant.variable != nil, value.core.contains(0) { throw .secretWithNUL(grant.name) }
            found.append((grant, value))
        }
        return found
    }

    /// What a plugin is given.
    func values(of names: [String]) async throws(Failure) -> [SecretValue] {
        var values: [SecretValue] = []
        for name in names { values.append(try await value(of: name)) }
        return values
    }

    private func value(of name: String) async throws(Failure) -> SecretValue {
        guard let source = sources[name] else { throw .unknownSecret(name, sources.keys.sorted(), nil) }
        let read = reads[name] ?? Task.detached { SecretReader.read(name, source) }
        reads[name] = read
        let value = try await read.value.get()
        if !known.contains(where: { $0.name == name }) {
            known.append(value)
            mask = SecretMask(known)
        }
        return value
    }

    // MARK: Masking

    /// Whether any secret has been read.
    var hasSecrets: Bool { mask != nil }

    /// A mask for what comes in pieces; nil while there are no secrets.
    func stream() -> SecretMasker? { mask?.stream() }

    package func masked(_ text: String) -> String { mask?.masked(text) ?? text }

    /// Looks through all strings of a document.
    func masked(_ value: JSONValue) -> JSONValue { mask.map { value.masked(by: $0) } ?? value }

    /// Looks through all strings of a document, so that it stays one.
    func masked(json bytes: [UInt8]) -> [UInt8] {
        guard let mask else { return bytes }
        guard let value = try? JSONValue(parsing: bytes) else { return Array("null".utf8) }
        return Array(value.masked(by: mask).text.utf8)
    }

    func masked(_ notice: TaskNotice) -> TaskNotice {
        guard let mask else { return notice }
        switch notice {
        case .started: return notice
        case .log(var log):
            log.message = mask.masked(log.message)
            return .log(log)
        case .progress(var progress):
            progress.unit = progress.unit.map { mask.masked($0) }
            progress.message = progress.message.map { mask.masked($0) }
            return .progress(progress)
        }
    }

    func masked(_ failure: Failure) -> Failure {
        mask.map { mask in failure.concealed { mask.masked($0) } } ?? failure
    }
}

extension SecretMask {
    /// A line of a plugin, fit to be shown: each of its strings is looked through, or all of it if it is no document.
    package func masked(line: [UInt8]) -> [UInt8] {
        guard let value = try? JSONValue(parsing: line) else { return masked(line) }
        return Array(value.masked(by: self).text.utf8)
    }
}

extension JSONValue {
    fileprivate func masked(by mask: SecretMask) -> JSONValue {
        switch self {
        case .string(let text): .string(mask.masked(text))
        case .array(let elements): .array(elements.map { $0.masked(by: mask) })
        case .object(let object):
            .object(JSONObject(object.members.map { (mask.masked($0.key), $0.value.masked(by: mask)) }))
        default: self
        }
    }
}

extension Failure {
    static func unknownSecret(_ name: String, _ known: [String], _ pointer: JSONPointer?) -> Failure {
        let near = Suggestion.nearest(to: name, in: known)
        let there = known.isEmpty ? "the configuration has no secrets" : "there are: \(known.joined(separator: ", "))"
        return Failure(
            "unknown_secret",
            fault: .user,
            message: "there is no secret \(Quotation.text(name))" + Suggestion.clause(for: name, in: known),
            pointer: pointer,
            hint: near == nil ? there : nil
        )
    }

    static func ambiguousVariable(_ variable: String, _ pointer: JSONPointer) -> Failure {
        Failure(
            "ambiguous_variable",
            fault: .user,
            message: "the variable \(variable) is given by env and is to hold a secret",
            pointer: pointer,
            hint: "leave it out of env"
        )
    }

    static func secretsUnsupported(_ executor: String) -> Failure {
        Failure(
            "secrets_unsupported",
            fault: .user,
            message:
                "the executor \(executor) launches no commands, so there is no sandbox that secrets could be put into",
            pointer: JSONPointer("/secrets")
        )
    }

    static func secretUnavailable(_ name: String, _ reason: String) -> Failure {
        Failure(
            "secret_unavailable",
            fault: .infra,
            retry: .same,
            message: "the secret \(name) cannot be had: \(reason)",
            hint: "see secrets.\(name) in the configuration"
        )
    }

    static func secretTooShort(_ name: String) -> Failure {
        Failure(
            "secret_too_short",
            fault: .user,
            message: "the secret \(name) has less than \(SecretValue.minimumBytes) bytes: it cannot be masked, "
                + "since it would be found everywhere",
            hint: "use a longer secret"
        )
    }

    static func secretWithNUL(_ name: String) -> Failure {
        Failure(
            "secret_with_nul",
            fault: .user,
            message: "the secret \(name) has a NUL in it, which no variable can hold",
            hint: "have it delivered as a file"
        )
    }
}
