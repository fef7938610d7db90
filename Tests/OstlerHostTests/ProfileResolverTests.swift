import OstlerConfig
import OstlerHost
import OstlerJSON
import OstlerProtocol
import OstlerTasks
import Testing

/// What config, command line and task ask for, and what comes of it.
struct PolicyRow: Sendable, CustomTestStringConvertible {
    var config = ""
    var option: String?
    var task = TaskSpec.SandboxRequest()
    /// The lines that must be there, with their origin; or parts of the refusal.
    let expected: [String]

    var testDescription: String { "\(config) \(option ?? "") \(task)" }

    init(_ config: String, option: String? = nil, task: TaskSpec.SandboxRequest = .init(), _ expected: String...) {
        (self.config, self.option, self.task, self.expected) = (config, option, task, expected)
    }

    func resolve() throws -> EffectivePolicy {
        let config = try HostConfig(parsing: config, file: "ostler.yaml")
        let resolver = ProfileResolver(config, workingDirectory: "/home/me/project", home: "/home/me")
        return try resolver.resolve(option: option, task: task)
    }
}

@Suite struct ProfileResolverTests {
    private static let build =
        "sandbox: {profile: build, profiles: {build: {extends: workspace, rw: [~/.cache/x], ro: [/opt/sdk], "
        + "network: loopback, limits: {memory: 2GiB, cpu: 1m}, env: {CC: gcc}}}}"

    @Test func `The option that named a profile is told by its own name`() throws {
        let config = try HostConfig(parsing: "", file: "ostler.yaml")
        let resolver = ProfileResolver(
            config,
            workingDirectory: "/w",
            home: nil,
            isOperator: true,
            optionName: "sandbox"
        )
        let unknown = #expect(throws: Failure.self) { try resolver.resolve(option: "strct") }
        #expect(unknown?.pointer == nil)
        let denied = #expect(throws: Failure.self) {
            try resolver.resolve(option: "strict", task: .init(profile: "host"))
        }
        #expect(denied?.message.contains("in force (--sandbox)") == true)
    }

    @Test func `A command line that can grant files may name a wider profile, but no weaker fence`() throws {
        let config = try HostConfig(parsing: "", file: "ostler.yaml")
        let resolver = ProfileResolver(config, workingDirectory: "/home/me/project", home: "/home/me")
        #expect(try resolver.resolve(option: "workspace", optionMayGrant: true).profile.value == "workspace")
        for weaker in ["contained", "host"] {
            #expect { try resolver.resolve(option: weaker, optionMayGrant: true) } throws: {
                ($0 as? Failure)?.code == "sandbox_denied"
            }
        }
    }

    @Test(arguments: [
        PolicyRow("", "profile strict default", "fence namespaces profile strict", "network none profile strict"),
        PolicyRow(
            "sandbox: {profile: workspace}",
            "profile workspace ostler.yaml:1:20",
            "rw /home/me/project profile workspace"
        ),
        PolicyRow("sandbox: {profile: workspace}", "ro /home/me/project/.git (if it exists) profile workspace"),
        PolicyRow(
            "sandbox: {limits: {memory: 2GiB}}",
            "limits.memory 2GiB ostler.yaml:1:28",
            "limits.cpu none default"
        ),
        PolicyRow("sandbox: {profile: contained}", "fence contained, without namespaces profile contained"),
        PolicyRow("sandbox: {profile: host, allow_host: true}", "fence none profile host", "network host profile host"),
        PolicyRow(
            build,
            "profile build ostler.yaml:1:20",
            "rw /home/me/.cache/x ostler.yaml:1:71",
            "ro /opt/sdk ostler.yaml:1:89",
            "network loopback ostler.yaml:1:109",
            "limits.memory 2GiB ostler.yaml:1:136",
            "limits.cpu 1m ostler.yaml:1:147",
            "env CC=gcc ostler.yaml:1:162"
        ),
        PolicyRow(
            build,
            option: "strict",
            task: .init(limits: [.memory: 1 << 20]),
            "profile strict --profile",
            "limits.memory 1MiB task /sandbox/limits/memory"
        ),
        PolicyRow(build, task: .init(network: "none"), "network none task /sandbox/network"),
        PolicyRow(
            build,
            task: .init(profile: "strict"),
            "profile strict task /sandbox/profile",
            "network none profile strict"
        ),
        PolicyRow(
            "sandbox: {profile: small, profiles: {small: {extends: workspace, limits: {processes: 8}}}}",
            option: "strict",
            "profile strict --profile",
            "limits.processes 8 ostler.yaml:1:86"
        ),
        PolicyRow("sandbox: {allow_contained: true}", option: "contained", "profile contained --profile"),
        PolicyRow("sandbox: {allow_host: true}", option: "host", "profile host --profile"),
        PolicyRow(
            "sandbox: {profile: host, allow_host: true}",
            task: .init(profile: "workspace"),
            "profile workspace task /sandbox/profile"
        ),
        PolicyRow(
            "sandbox: {profile: b, profiles: {a: {extends: strict, env: {X: '1', Y: '1'}}, b: {extends: a, env: {X: '2'}}}}",
            "env Y=1 ostler.yaml:1:72",
            "env X=2 ostler.yaml:1:104"
        ),
    ])
    func `Each line has its origin`(_ row: PolicyRow) throws {
        let lines = try row.resolve().lines.map { "\($0.subject) \($0.value) \($0.origin)" }
        for line in row.expected { #expect(lines.contains(line), "\(lines)") }
    }

    @Test(arguments: [
        PolicyRow(
            "",
            option: "workspace",
            "sandbox_denied",
            "files /home/me/project writable, where not visible",
            "set sandbox.profile: workspace"
        ),
        PolicyRow(
            "",
            task: .init(profile: "contained"),
            "sandbox_denied",
            "fence contained, without namespaces, where namespaces",
            "allow_contained"
        ),
        PolicyRow("sandbox: {allow_contained: true}", task: .init(profile: "contained"), "sandbox_denied"),
        PolicyRow(
            "sandbox: {allow_host: true}",
            task: .init(profile: "host"),
            "sandbox_denied",
            "fence none",
            "allow_host: true"
        ),
        PolicyRow("", option: "host", "sandbox_denied", "fence none, where namespaces"),
        PolicyRow("sandbox: {allow_contained: true}", option: "host", "sandbox_denied", "fence none"),
        PolicyRow(
            "",
            task: .init(network: "loopback"),
            "sandbox_denied",
            "network loopback, where none",
            "/sandbox/network"
        ),
        PolicyRow(
            "",
            task: .init(limits: [.memory: 2 << 30]),
            "sandbox_denied",
            "limits.memory 2GiB, where 1GiB",
            "/sandbox/limits/memory"
        ),
        PolicyRow("sandbox: {limits: {cpu: 1m}}", task: .init(limits: [.cpu: nil]), "limits.cpu none, where 1m"),
        PolicyRow(
            "sandbox: {profiles: {big: {extends: strict, limits: {processes: 500}}}}",
            task: .init(profile: "big"),
            "limits.processes 500, where 256"
        ),
        PolicyRow(
            "sandbox: {profile: workspace, profiles: {git: {extends: workspace, rw: [/home/me/project/.git]}}}",
            option: "git",
            "files /home/me/project/.git writable, where read-only"
        ),
        PolicyRow(
            "sandbox: {profile: workspace, profiles: {bare: {extends: strict, rw: [/home/me/project]}}}",
            option: "bare",
            "files /home/me/project/.git writable, where read-only"
        ),
        PolicyRow(
            "sandbox: {profile: contained}",
            option: "workspace",
            "files /home/me/project writable, where not visible"
        ),
        PolicyRow(
            "",
            option: "stirct",
            "profile_unavailable",
            #"there is no profile "stirct"; did you mean "strict"?"#
        ),
        PolicyRow(
            "",
            task: .init(profile: "none"),
            "profile_unavailable",
            "there are strict, workspace, contained, host"
        ),
    ])
    func `What is wider is denied with both values and the remedy`(_ row: PolicyRow) throws {
        do {
            let policy = try row.resolve()
            Issue.record("it became \(policy.lines)")
        } catch let failure as Failure {
            let text = [failure.code, failure.message, failure.hint ?? "", failure.pointer?.description ?? ""].joined(
                separator: " "
            )
            for part in row.expected { #expect(text.contains(part), "\(text)") }
        }
    }

    @Test(arguments: ["/", "/home/me", "/home", "/usr/src/x", "/etc", "/tmp"])
    func `A directory that is no project's is no workspace`(_ directory: String) throws {
        let config = try HostConfig(parsing: "sandbox: {profile: workspace}", file: "ostler.yaml")
        let resolver = ProfileResolver(config, workingDirectory: directory, home: "/home/me")
        #expect { try resolver.resolve() } throws: { ($0 as? Failure)?.code == "no_workspace" }
        #expect(try resolver.resolve(task: .init(profile: "strict")).profile.value == "strict")
    }

    @Test func `A path at home needs a home`() throws {
        let text = "sandbox: {profile: a, profiles: {a: {extends: strict, ro: [~/x]}}}"
        let resolver = ProfileResolver(try HostConfig(parsing: text, file: "f"), workingDirectory: "/w", home: nil)
        #expect { try resolver.resolve() } throws: { ($0 as? Failure)?.code == "no_home" }
    }
}
