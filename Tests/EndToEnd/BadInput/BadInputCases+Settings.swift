internal import Glibc
internal import OstlerTestSupport

extension BadInputCase {
    static let configs: [BadInputCase] = configTexts + configValues + configFiles

    private static let configTexts: [BadInputCase] = [
        .config("not YAML", "sandbox: [strict\n".utf8, says: "ostler.yaml:2:1: ", "[yaml_syntax]"),
        .config("a list", "- sandbox\n".utf8, says: "ostler.yaml:1:1: ", "must be a mapping", "[wrong_type]"),
        .config("a tab", "tasks:\n\tgrace: 1s\n".utf8, says: "ostler.yaml:2:1: ", "indent with spaces"),
        .config("a key twice", "tasks: {}\ntasks: {}\n".utf8, says: "ostler.yaml:2:1: ", "[yaml_duplicate_key]"),
        .config(
            "an anchor",
            "tasks: &t {grace: 1s}\n".utf8,
            says: "ostler.yaml:1:8: ",
            "[yaml_alias]",
            "write the value out"
        ),
        .config("a bomb of aliases", bomb.utf8, says: "ostler.yaml:1:4: ", "[yaml_alias]"),
        .config("a merge key", "tasks: {<<: {grace: 1s}}\n".utf8, says: "ostler.yaml:1:9: ", "[yaml_merge_key]"),
        .config("a tag", "tasks: !!map {}\n".utf8, says: "ostler.yaml:1:8: ", "[yaml_tag]"),
        .config("an include by a tag", "tasks: !include a.yaml\n".utf8, says: "ostler.yaml:1:8: ", "[yaml_tag]"),
        .config("an include that is no list", "include: a.yaml\n".utf8, says: "ostler.yaml:1:10: ", "[wrong_type]"),
        .config("an include of itself", "include: [ostler.yaml]\n".utf8, says: "1:11: ", "-> ", "[include_loop]"),
        .config("an include of nothing", "include: [no.yaml]\n".utf8, says: "1:11: ", "[config_not_found]"),
        .config("an include of a directory", "include: [.]\n".utf8, says: "is a directory", "[config_unreadable]"),
        .config("an include without end", "include: [/dev/zero]\n".utf8, says: "regular file", "[config_unreadable]"),
        .config(
            "two documents",
            "tasks: {}\n---\ntasks: {}\n".utf8,
            says: "ostler.yaml:2:1: ",
            "[yaml_multiple_documents]"
        ),
        .config(
            "a key that is a number",
            "1: x\n".utf8,
            says: "ostler.yaml:1:1: ",
            "[yaml_key_not_text]",
            "write \"1\""
        ),
        .config(
            "nesting that no end is in sight of",
            String(repeating: "[", count: 500_000).utf8,
            says: "[yaml_too_deep]"
        ),
        .config(
            "bytes that are not UTF-8",
            Array("tasks: ".utf8) + [0xFF],
            says: "ostler.yaml:1:8: ",
            "[yaml_encoding]"
        ),
        .config("NUL bytes", "tasks: \0".utf8, says: "ostler.yaml:1:8: ", "[yaml_encoding]", "0x00"),
        .config("UTF-16", [0xFF, 0xFE, 0x74, 0], says: "ostler.yaml:1:", "save it as UTF-8", "[yaml_encoding]"),
        .config("a control character beyond ASCII", "tasks: \u{85}\u{9B}".utf8, says: "U+009B", "[yaml_encoding]"),
        .config(
            "two mebibytes",
            String(repeating: "#", count: 2 << 20).utf8,
            says: "larger than 1048576 bytes",
            "[yaml_too_large]"
        ),
    ]

    private static let bomb =
        (0..<20).map { "\(name($0)): &\(name($0)) [\($0 == 0 ? "x" : "*\(name($0 - 1)), *\(name($0 - 1))")]\n" }
        .joined()

    private static func name(_ number: Int) -> Character { Character(Unicode.Scalar(UInt8(0x61 + number))) }

    private static let configValues: [BadInputCase] = [
        .config(
            "an unknown key",
            "sandbox:\n  profil: strict\n".utf8,
            says: "ostler.yaml:2:3: ",
            "did you mean \"profile\"?",
            "[unknown_key]"
        ),
        .config(
            "an unknown key of an executor",
            "executors:\n  command:\n    allowed_comands: [ls]\n".utf8,
            says: "ostler.yaml:3:5: ",
            "allowed_commands"
        ),
        .config(
            "text for a list",
            "executors: {command: {allowed_commands: ls}}\n".utf8,
            says: "must be a list",
            "[wrong_type]"
        ),
        .config(
            "yes for true",
            "sandbox: {allow_host: yes}\n".utf8,
            says: "ostler.yaml:1:23: ",
            "write true",
            "[wrong_type]"
        ),
        .config(
            "an unknown profile",
            "sandbox: {profile: none}\n".utf8,
            says: "[profile_unavailable]",
            "there are strict"
        ),
        .config(
            "a profile that must be allowed",
            "sandbox: {profile: host}\n".utf8,
            says: "[profile_unavailable]",
            "sandbox.allow_host: true"
        ),
        .config(
            "profiles that extend each other",
            "sandbox: {profiles: {a: {extends: b}, b: {extends: a}}}\n".utf8,
            says: "in a ring",
            "[invalid_value]"
        ),
        .config("a size that is none", "sandbox: {limits: {memory: 1 GB}}\n".utf8, says: "[invalid_value]", "1GiB"),
        .config(
            "a number out of range",
            "sandbox: {limits: {processes: 0}}\n".utf8,
            says: "from 1 to 1000000",
            "[invalid_value]"
        ),
        .config(
            "a number that is too large",
            "sandbox: {limits: {memory: 1e999}}\n".utf8,
            says: "[yaml_number_out_of_range]"
        ),
        .config("a duration without a unit", "tasks: {grace: 5}\n".utf8, says: "write 5s or 5ms", "[wrong_type]"),
        .config("no time at all", "tasks: {timeout: 0s}\n".utf8, says: "longer than 0", "[invalid_value]"),
        .config(
            "user ids of the system",
            "sandbox: {uid_range: {first: 0}}\n".utf8,
            says: "from 1000",
            "[invalid_value]"
        ),
        .config(
            "a name of an executor that is none",
            "executors: {Command: {}}\n".utf8,
            says: "[invalid_name]",
            "lower-case"
        ),
        .config(
            "a hundred thousand unknown keys",
            (0..<100_000).map { "k\($0): 1\n" }.joined().utf8,
            says: "ostler.yaml:20:1: ",
            "… and 99980 more problems"
        ),
        .config(
            "a key that clears the screen",
            "\"\\e[2J\": 1\n".utf8,
            says: #"unknown key "\u001b[2J""#,
            "[unknown_key]"
        ),
    ]

    private static let configFiles: [BadInputCase] = [
        .line(
            .config,
            "a file that is named and does not exist",
            ["run", "command", "--config", "no.yaml", "--", "true"],
            says: "no.yaml: ",
            "does not exist",
            "[config_not_found]"
        ),
        .line(
            .config,
            "a directory",
            ["run", "command", "--config", ".", "--", "true"],
            says: "is a directory",
            "[config_unreadable]"
        ),
        BadInputCase(
            group: .config,
            title: "a FIFO",
            arguments: ["run", "command", "--", "true"],
            says: ["ostler.yaml: ", "is not a regular file", "[config_unreadable]"]
        ) {
            guard mkfifo($0.file("home/ostler.yaml"), 0o600) == 0 else { throw TestSupportFailure("mkfifo", "") }
        },
        BadInputCase(
            group: .config,
            title: "a file that every user can write",
            arguments: ["run", "command", "--", "true"],
            says: ["ostler.yaml: ", "every user can write it", "[unsafe_permissions]"]
        ) {
            try $0.write("home/ostler.yaml", "tasks: {}\n", mode: 0o666)
        },
        BadInputCase(
            group: .config,
            title: "a file that may not be read",
            arguments: ["run", "command", "--", "true"],
            says: ["ostler.yaml: ", "Permission denied", "[config_unreadable]"],
            asUser: true
        ) {
            try $0.write("home/ostler.yaml", "tasks: {}\n", mode: 0)
        },
    ]

    // MARK: Manifests

    private static func greet(_ executor: String = "{name: greet, payload: {type: object}}", more: String = "")
        -> String
    {
        "name: greet\nversion: 0.1.0\nprotocol: {min: 0, max: 0}\nkind: process\nentry: {command: [bin/greet]}\n"
            + "executors:\n  - \(executor)\n\(more)"
    }

    static let manifests: [BadInputCase] = [
        .manifest("not YAML", "name: [greet\n", says: "plugin.yaml:2:1: "),
        .manifest(
            "an unknown key",
            greet(more: "verison: 1\n"),
            says: "plugin.yaml:8:1: ",
            "did you mean \"version\"?"
        ),
        .manifest("nothing", "", says: "plugin.yaml:1:1: ", "must be a mapping"),
        .manifest("a missing key", "name: greet\n", says: "the key \"version\" is missing"),
        .manifest(
            "another kind",
            greet(more: "").replacing("process", with: "library"),
            says: "the key \"library\" is missing"
        ),
        .manifest("a program outside", greet().replacing("bin/greet", with: "../greet"), says: "plugin.yaml:5:"),
        .manifest(
            "a program that is not there",
            greet().replacing("bin/greet", with: "bin/gret"),
            says: "bin/gret does not exist"
        ),
        .manifest("a bomb of aliases", bomb, says: "anchors and aliases are not supported"),
        .manifest(
            "an executor twice",
            greet("{name: a, payload: {}}\n  - {name: a, payload: {}}"),
            says: "described twice"
        ),
        .manifest(
            "a schema that is wrong",
            greet("{name: greet, payload: {type: objekt}}"),
            says: "[invalid_schema]",
            "\"objekt\" is not a type",
            "did you mean \"object\"?"
        ),
        .manifest(
            "a schema that refers to itself",
            greet("{name: greet, payload: {$ref: \"#\"}}"),
            says: "[invalid_schema]",
            "refers to itself without end"
        ),
        .manifest(
            "a pattern that is wrong",
            greet("{name: greet, payload: {pattern: \"(\"}}"),
            says: "[invalid_schema]",
            "without its"
        ),
        .manifest(
            "a schema in a file that is no JSON",
            greet("{name: greet, payload: {file: s.json}}"),
            files: ["s.json": "{\n  \"type\": object\n}\n"],
            says: "s.json:2:11 is not JSON"
        ),
        .manifest(
            "a schema in a file outside",
            greet("{name: greet, payload: {file: /etc/passwd}}"),
            says: "must stay in"
        ),
        .manifest(
            "a schema in a file that is not there",
            greet("{name: greet, payload: {file: s.json}}"),
            says: "s.json does not exist"
        ),
    ]

    // MARK: Environment and command line

    private static let run = ["run", "command", "--", "true"]

    static let environments: [BadInputCase] = [
        .line(
            .environment,
            "`OSTLER_CONFIG` names nothing",
            run,
            environment: ["OSTLER_CONFIG=no.yaml"],
            says: "no.yaml: ",
            "$OSTLER_CONFIG",
            "[config_not_found]"
        ),
        .line(
            .environment,
            "`OSTLER_CONFIG` names a directory",
            run,
            environment: ["OSTLER_CONFIG=/"],
            says: "is a directory",
            "[config_unreadable]"
        ),
        .line(
            .environment,
            "`OSTLER_CONFG`",
            run,
            environment: ["OSTLER_CONFG=strict.yaml"],
            says: "did you mean OSTLER_CONFIG?",
            "[unknown_variable]"
        ),
        .line(
            .environment,
            "`OSTLER_PLUGIN_PATH` names nothing",
            ["run", "greet"],
            environment: ["OSTLER_PLUGIN_PATH=plugins"],
            says: "unknown executor type: greet",
            "plugins",
            "does not exist"
        ),
        .line(
            .environment,
            "`OSTLER_LOG_LEVEL` is no level",
            run,
            environment: ["OSTLER_LOG_LEVEL=verbose"],
            says: "OSTLER_LOG_LEVEL",
            "debug"
        ),
        .line(
            .environment,
            "`OSTLER_LOG_FORMAT` is no format",
            run,
            environment: ["OSTLER_LOG_FORMAT=xml"],
            says: "OSTLER_LOG_FORMAT",
            "json"
        ),
        .line(
            .environment,
            "`OSTLER_LIBEXEC` names nothing",
            run,
            environment: ["OSTLER_LIBEXEC=/nowhere"],
            exitCode: 5,
            says: "/nowhere/ostler-launch",
            "["
        ),
    ]

    static let commandLines: [BadInputCase] = [
        .line(.commandLine, "an unknown command", ["rum"], says: "rum"),
        .line(.commandLine, "no executor", ["run"], says: "name an executor"),
        .line(
            .commandLine,
            "an unknown executor",
            ["run", "comand"],
            says: "[unknown_executor at /executor]",
            "did you mean"
        ),
        .line(
            .commandLine,
            "a payload that is no JSON",
            ["run", "command", "--payload", "{"],
            says: "[invalid_json at /payload]"
        ),
        .line(
            .commandLine,
            "a payload of a file that is not there",
            ["run", "command", "--payload", "@x"],
            says: "No such file"
        ),
        .line(
            .commandLine,
            "an unknown flag of the payload",
            ["run", "command", "--comand", "ls"],
            says: "unknown option --comand",
            "did you mean \"--command\"?"
        ),
        .line(
            .commandLine,
            "an id that is none",
            ["run", "command", "--id", "", "--", "true"],
            says: "[invalid_id at /id]"
        ),
        .line(
            .commandLine,
            "a time limit that is none",
            ["run", "command", "--timeout", "5", "--", "true"],
            says: "--timeout"
        ),
        .line(
            .commandLine,
            "no time at all",
            ["run", "command", "--timeout", "0s", "--", "true"],
            says: "longer than 0"
        ),
        .line(
            .commandLine,
            "no jobs at once",
            ["run", "--file", "-", "--jobs", "0"],
            says: "--jobs"
        ),
        .line(
            .commandLine,
            "two directories of one name",
            ["run", "command", "--in", "/usr/share", "--in", "/etc/../usr/share", "--", "true"],
            says: "/in/share"
        ),
        .line(
            .commandLine,
            "a variable without a value",
            ["run", "command", "--env", "A", "--", "true"],
            says: "KEY=VALUE"
        ),
        .line(
            .commandLine,
            "an unknown layer",
            ["run", "command", "--require", "user_namespase", "--", "true"],
            says: "did you mean \"user_namespace\"?"
        ),
        .line(
            .commandLine,
            "a directory that is not there",
            ["run", "command", "--workdir", "w", "--", "true"],
            says: "--workdir w: "
        ),
        .line(
            .commandLine,
            "plugins of a directory that is not there",
            ["run", "greet", "--plugin-path", "gret"],
            says: "gret",
            "does not exist"
        ),
    ]
}
