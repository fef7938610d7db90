import Glibc
import OstlerConfig
import OstlerHost
import OstlerJSON
import OstlerProtocol
import OstlerSystem
import OstlerTasks
import OstlerTestSupport
import Testing

/// Secrets on their way from the config to a command, and not back.
@Suite(.needsSandbox, .timeLimit(.minutes(2)))
struct SecretTests {
    private static let value = "tr0ub4dor&3"

    private func withSecret(
        _ source: SecretSource? = nil,
        _ body: @LoopActor (TestHost) async throws -> Void
    ) async throws {
        try await withHost { setup in
            setup.hasCommand = true
            let path = try setup.directory.write("password", Self.value + "\n")
            setup.config.secrets["db"] = source ?? .file(path)
        } body: {
            try await body($0)
        }
    }

    private func spec(_ host: TestHost, _ words: [String], _ grants: [SecretGrant] = [.init("db")]) async -> TaskSpec {
        var spec = await host.task(TestHost.payload(words), executor: "command", timeout: 60_000)
        spec.secrets = grants
        return spec
    }

    @Test func `a command reads a secret from a file that is its own and read-only`() async throws {
        try await withSecret { host in
            let script = """
                stat -c '%a %U %s %n' /run/secrets/*; stat -c '%a' /run/secrets; ls /run
                [ "$(cat /run/secrets/db)" = "$(printf 'tr0ub4dor%s3' '&')" ] && echo equal
                echo x 2>/dev/null > /run/secrets/other || chmod 600 /run/secrets/db 2>/dev/null || echo locked
                """
            let result = await host.run(await spec(host, ["sh", "-c", script]))
            #expect(result.outcome == .succeeded, "\(result.text)")
            #expect(
                result.output.text == "400 ostler 12 /run/secrets/db\n500\nsecrets\nequal\nlocked\n",
                "\(result.text)"
            )
            let certificate = try JSONValue(parsing: try #require(result.isolation))
            #expect(certificate["secrets"]?.text == #"[{"name":"db","as":"file","path":"/run/secrets/db"}]"#)
            // Another task has none of it.
            let other = await host.command("ls", "/run")
            #expect(other.output.text == "")
        }
    }

    @Test func `a variable holds a secret only if the task says so, and the certificate tells`() async throws {
        try await withSecret { host in
            let script = "[ ${#PASSWORD} = 11 ] && env | grep -c PASSWORD; ls /run"
            let result = await host.run(await spec(host, ["sh", "-c", script], [.init("db", variable: "PASSWORD")]))
            #expect(result.output.text == "1\n", "\(result.text)")
            let certificate = try JSONValue(parsing: try #require(result.isolation))
            #expect(certificate["secrets"]?.text == #"[{"name":"db","as":"env","variable":"PASSWORD"}]"#)
            let layer = certificate["layers"]?.array?.first { $0["layer"] == "environment" }
            #expect(layer?["mechanism"]?.string?.contains("secrets") == true)
        }
    }

    @Test func `what a command tells of a secret is masked before it is kept or shown, and counted honestly`()
        async throws
    {
        try await withSecret { host in
            let sink = Listener()
            let script = "cat /run/secrets/db; base64 /run/secrets/db >&2; printf tr0ub; sleep 0.1; printf '4dor&3;end'"
            let result = await host.run(await spec(host, ["sh", "-c", script]), io: TaskIO(sink: sink))
            #expect(result.outcome == .succeeded, "\(result.text)")
            #expect(result.output.text == "[secret db]\n[secret db];end")
            #expect(result.errorOutput.text == "[secret db]\n")
            let json = try JSONValue(parsing: Array(result.text.utf8))
            #expect(json["output"]?["bytes"] == 27)
            #expect(json["output"]?["masked"] == 2)
            #expect(json["output"]?["truncated"] == false)
            #expect(sink.bytes == result.output.bytes + result.errorOutput.bytes || sink.bytes.count == 39)
            #expect(!String(decoding: sink.bytes, as: UTF8.self).contains("tr0ub"))
        }
    }

    @Test func `what goes through the spool is masked too, and so is its digest`() async throws {
        try await withSecret { host in
            let script = "for i in $(seq 1 20000); do cat /run/secrets/db; done"
            let result = await host.run(await spec(host, ["sh", "-c", script]))
            #expect(result.outcome == .succeeded, "\(result.error?.message ?? "")")
            #expect(result.output.text == String(repeating: "[secret db]\n", count: 20_000))
            #expect(result.output.masking == .init(written: 240_000, replaced: 20_000))
            #expect(!result.output.isTruncated)
        }
    }

    @Test(arguments: [
        (SecretSource.file("/no/such/file"), "secret_unavailable", "/no/such/file: No such file or directory"),
        (.file("/dev"), "secret_unavailable", "/dev is not a regular file"),
        (.file("/proc/version_signature_of_nobody"), "secret_unavailable", "No such file or directory"),
        (.variable("OSTLER_TEST_NO_SUCH_VARIABLE"), "secret_unavailable", "OSTLER_TEST_NO_SUCH_VARIABLE is not set"),
        (.command(["/no/such/program"]), "secret_unavailable", "/no/such/program: No such file or directory"),
        (.command(["sh", "-c", "echo locked >&2; exit 3"]), "secret_unavailable", "sh exited with code 3: locked"),
        (.command(["sh", "-c", "kill -9 $$"]), "secret_unavailable", "sh was ended by signal 9"),
        (.command(["head", "-c", "70000", "/dev/zero"]), "secret_unavailable", "more than 65536 bytes"),
        (.command(["echo", "abc"]), "secret_too_short", "less than 4 bytes"),
        (.command(["true"]), "secret_too_short", "less than 4 bytes"),
    ])
    func `a source that fails is told with the name of the secret, and nothing is run`(
        _ source: SecretSource,
        _ code: String,
        _ message: String
    ) async throws {
        try await withSecret(source) { host in
            let sink = Listener()
            let result = await host.run(await spec(host, ["echo", "ran"]), io: TaskIO(sink: sink))
            #expect(result.outcome == .infra, "\(result.text)")
            #expect(result.error?.code == code, "\(result.text)")
            #expect(result.error?.message.contains("the secret db") == true, "\(result.text)")
            #expect(result.error?.message.contains(message) == true, "\(result.text)")
            #expect(result.error?.sideEffects == Failure.SideEffects.none)
            #expect(sink.bytes.isEmpty && result.usage == nil)
            #expect(await host.command("echo", "fine").output.text == "fine\n")
        }
    }

    @Test func `a command gives a secret without a shell`() async throws {
        try await withSecret(.command(["printf", "%s", "$HOME;*"])) { host in
            let script = "[ \"$(cat /run/secrets/db)\" = '$HOME;*' ] && echo as written"
            #expect(await host.run(await spec(host, ["sh", "-c", script])).output.text == "as written\n")
        }
    }

    @Test func `what a task may ask for is checked before it runs`() async throws {
        try await withSecret { host in
            let unknown = await host.run(await spec(host, ["true"], [.init("dbb")]))
            #expect(unknown.outcome == .invalid)
            #expect(unknown.error?.code == "unknown_secret")
            #expect(unknown.error?.pointer?.description == "/secrets/0")
            #expect(unknown.error?.message.contains("\"db\"") == true, "\(unknown.text)")
            var twice = await spec(host, ["true"], [.init("db", variable: "X")])
            twice.environment = [("X", "y")]
            #expect(await host.run(twice).error?.code == "ambiguous_variable")
            var launchless = host.task(#"{"do":"succeed"}"#)
            launchless.secrets = [.init("db")]
            #expect(await host.run(launchless).error?.code == "secrets_unsupported")
        }
    }

    @Test func `what a plugin says of a secret is masked too`() async throws {
        try await withHost { setup in
            setup.hasCommand = true
            setup.config.secrets["db"] = .command(["echo", "of the task"])
        } body: { host in
            _ = await host.run(await spec(host, ["true"]))
            let sink = Listener()
            let result = await host.run(host.task(#"{"do":"tell"}"#, timeout: 30_000), io: TaskIO(sink: sink))
            #expect(result.outcome == .succeeded, "\(result.text)")
            #expect(sink.logs == ["[secret db]"])
        }
    }

    @LoopActor
    private final class Listener: TaskSink {
        var bytes: [UInt8] = []
        var logs: [String] = []
        var isCongested: Bool { false }

        func write(_ stream: OutputStream, _ bytes: [UInt8]) { self.bytes += bytes }
        func whenDrained(_ action: @escaping @LoopActor () -> Void) { action() }
        func note(_ notice: TaskNotice) {
            if case .log(let log) = notice { logs.append(log.message) }
        }
    }
}
