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

    /// Names that stand for each other: a few lines that would be millions of values.
    static let bomb =
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
}
