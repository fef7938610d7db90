internal import OstlerConfig
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSystem
internal import OstlerTasks

extension ResourceReader {
    private static let checkMembers = [
        "name", "command", "format", "tries", "try_sleep", "timeout", "warning",
    ]

    /// The forms of answers that are understood.
    private enum Format: String, CaseIterable {
        case nagios
    }

    /// What a warning is.
    private enum Warning: String, CaseIterable {
        case degraded
        case failed
    }

    /// The health checks of a resource, each run where its guards are.
    func checks(_ reader: ValueReader?, _ resource: Resource) -> [HealthCheck] {
        (reader?.listOrNull() ?? []).compactMap { check($0, resource) }
    }

    /// Null says that there is none.
    private static func limit(_ reader: ValueReader) -> Int64?? {
        reader.value == .null ? .some(nil) : reader.timeLimit()
    }

    private func check(_ reader: ValueReader, _ resource: Resource) -> HealthCheck? {
        guard let given = reader.anyMembers() else { return nil }
        if let rules = given["goss_rules"] {
            rules.report(.unsupported, "goss_rules are not supported", hint: "write a command", atKey: true)
            return nil
        }
        guard let members = reader.members(Self.checkMembers) else { return nil }
        _ = members.given("format")?.choice(Format.self)
        let warning = members.given("warning")?.choice(Warning.self) ?? .degraded
        let tries = members.given("tries")?.integer(in: 1...1000) ?? 1
        let pause = members.given("try_sleep")?.longDuration() ?? HealthCheck.defaultPause
        let timeout = members["timeout"].flatMap(Self.limit)
        let name = members.given("name")?.string()
        guard let line = members.required("command"), let text = line.string() else { return nil }
        let request: CommandRequest
        do throws(Failure) {
            request = try resource.request(for: .line(text), of: "health check")
        } catch {
            line.report(error)
            return nil
        }
        let program = request.argv.dropFirst(request.argv.first == "/bin/sh" ? 2 : 0).first ?? text
        let base = program.split(separator: " ").first.map(String.init) ?? program
        return HealthCheck(
            name: name ?? base.pathParts.last.map(String.init) ?? base,
            command: request,
            tries: Int(tries),
            pause: pause,
            timeout: timeout,
            failsOnWarning: warning == .failed
        )
    }
}
