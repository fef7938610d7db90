internal import Glibc
internal import OstlerTestSupport

extension BadInputCase {
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
