import OstlerConfig
import OstlerJSON
import Testing

@Suite struct `Sources of secrets` {
    @Test func `a secret is a file, a command or a variable`() throws {
        let text = """
            secrets:
              db: {file: /etc/keys/db}
              api: {command: [pass, show, "api key"]}
              token: {env: API_TOKEN}
            """
        let config = try HostConfig(parsing: text, file: "ostler.yaml")
        let expected: [String: SecretSource] = [
            "db": .file("/etc/keys/db"), "api": .command(["pass", "show", "api key"]), "token": .variable("API_TOKEN"),
        ]
        #expect(config.secrets == expected)
        let shown = config.settings.filter { $0.pointer.description.hasPrefix("/secrets/") }
        #expect(shown.map(\.pointer.description) == ["/secrets/api/command", "/secrets/db/file", "/secrets/token/env"])
        #expect(shown.last?.origin.description == "ostler.yaml:4:16")
    }

    @Test(arguments: [
        ("db: {}", "2:7: secrets.db must have one of file, command, env"),
        ("db: {file: /a, env: B}", "2:7: secrets.db must have one of file, command, env"),
        ("db: {file: keys/db}", "2:14: secrets.db.file must be an absolute path, not \"keys/db\""),
        ("db: {command: pass show}", "2:17: secrets.db.command must be a list, not \"pass show\""),
        ("db: {command: []}", "2:17: secrets.db.command must be a list that begins with a program"),
        ("db: {fiel: /a}", "2:8: unknown key \"fiel\" in secrets.db"),
        ("D B: {file: /a}", "2:3: \"D B\" is not a name of a secret"),
    ])
    func `what is wrong is told with its place`(_ text: String, _ message: String) {
        let failure = #expect(throws: ConfigFailure.self) {
            try HostConfig(parsing: "secrets:\n  " + text, file: "ostler.yaml")
        }
        let told = failure?.problems.map(\.description) ?? []
        #expect(told.contains { $0.contains(message) }, "\(told)")
    }
}
