internal import Glibc
internal import OstlerTestSupport

extension BadInputCase {
    private static let good = #"{"id": "a", "executor": "command", "payload": {"command": "true"}}"# + "\n"

    private static func task(_ member: String) -> String {
        #"{"executor": "command", "payload": {"command": "true"}, \#(member)}"#
    }

    static let taskFiles: [BadInputCase] = texts + members + bytes + files

    private static let texts: [BadInputCase] = [
        .line("not JSON", "run ls", says: ":1: not JSON", "[invalid_json]", "double quotes"),
        .line("a task of several lines", "{", says: ":2: ", "[invalid_json]", "a task stands on one line"),
        .line("single quotes", "{'executor': 'command'}", says: ":2: ", "JSON's strings stand in double quotes"),
        .line("a comma at the end", #"{"executor": "command",}"#, says: ":24: ", "no comma behind the last member"),
        .line("two tasks in a line", "{} {}", says: ":4: ", "one task a line"),
        .line("a member twice", #"{"executor": "a", "executor": "b"}"#, says: ":19: ", "the same member twice"),
        .line("half a surrogate pair", #"{"id": "\ud800"}"#, says: ":9: ", "half a surrogate pair"),
        .line("an array of tasks", "[\(task(#""id": "t1""#))]", says: "[not_an_object]", "write one task a line"),
        .line("a number", "42", says: "a task is a JSON object, not the number 42", "[not_an_object]"),
        .line(
            "nesting that no end is in sight of",
            String(repeating: "[", count: 500_000),
            says: ":65: ",
            "nesting deeper than 64 levels"
        ),
        .line(
            "a payload that nests deeper than a frame may",
            #"{"executor": "command", "payload": "#
                + String(repeating: "[", count: 63) + String(repeating: "]", count: 63) + "}",
            says: "[payload_too_deep at /payload]"
        ),
    ]

    private static let members: [BadInputCase] = [
        .line("no executor", #"{"payload": 1}"#, says: "[missing_member at /executor]", "ostler plugin list"),
        .line("no payload", #"{"executor": "command"}"#, says: "[missing_member at /payload]"),
        .line(
            "an unknown executor",
            #"{"executor": "comand", "payload": {}}"#,
            says: "[unknown_executor at /executor]",
            "did you mean \"command\"?"
        ),
        .line(
            "an unknown member",
            #"{"executer": "command", "payload": {}}"#,
            says: "[unknown_member at /executer]",
            "did you mean \"executor\"?"
        ),
        .line(
            "an unknown guard",
            task(#""guards": {"create": "/x"}"#),
            says: "[unknown_member at /guards/create]",
            "did you mean \"creates\"?"
        ),
        .line(
            "a guard that is no command line",
            task(#""guards": {"onlyif": "test 'x"}"#),
            says: "[invalid_guard_command at /guards/onlyif]",
            "Unterminated single-quoted string"
        ),
        .line(
            "a guard that names a task of nowhere",
            task(#""guards": {"require": ["task#absent"]}"#),
            says: "[unknown_reference at /guards/require/0]"
        ),
        .line("a member for a queue", task(#""ttl": "1h""#), says: "[queue_member at /ttl]", "ostler submit"),
        .line("executor and type", task(#""type": "command""#), says: "[ambiguous_executor at /type]", "keep executor"),
        .line("an id that is a number", task(#""id": 5"#), says: "[wrong_type at /id]", "write it in quotes"),
        .line("an id without anything in it", task(#""id": """#), says: "[invalid_id at /id]"),
        .line(
            "a time limit without a unit",
            task(#""timeout": 30"#),
            says: "[wrong_type at /timeout]",
            "write \"30s\" for seconds"
        ),
        .line("a time limit of nothing", task(#""timeout": "0s""#), says: "[invalid_duration at /timeout]"),
        .line("an unknown unit", task(#""timeout": "5 min""#), says: "[invalid_duration at /timeout]", "5m"),
        .line("env as a list", task(#""env": ["A=1"]"#), says: "[wrong_type at /env]", "an object of strings"),
        .line("a variable with = in its name", task(#""env": {"A=B": "1"}"#), says: "[invalid_env at /env/A=B]"),
        .line("an unknown env_mode", task(#""env_mode": "inherit""#), says: "[not_in_enum at /env_mode]", "minimal"),
        .line("an unknown profile", task(#""sandbox": {"profile": "none"}"#), says: "at /sandbox/profile]"),
        .line(
            "a profile that is wider",
            task(#""sandbox": {"profile": "workspace"}"#),
            says: "[sandbox_denied at /sandbox/profile]",
            "a task only narrows"
        ),
        .line(
            "more memory than there is to give",
            task(#""sandbox": {"limits": {"memory": "2GiB"}}"#),
            says: "[sandbox_denied at /sandbox/limits/memory]",
            "2GiB, where 1GiB"
        ),
        .line(
            "a limit of nothing",
            task(#""sandbox": {"limits": {"memory": 1}}"#),
            says: "[invalid_limit at /sandbox/limits/memory]",
            "1MiB"
        ),
        .line("a priority in halves", task(#""priority": 0.5"#), says: "[wrong_type at /priority]"),
        .line(
            "a payload that the schema refuses",
            #"{"executor": "command", "payload": {"comand": "ls"}}"#,
            says: "[unknown_member at /payload/comand]"
        ),
        .line(
            "a member's value of another type",
            #"{"executor": "command", "payload": {"command": 7}}"#,
            says: "[wrong_type at /payload/command]",
            "the number 7"
        ),
        .line(
            "a name that clears the screen",
            task(#""\u001b[2J\u202e": 1"#),
            says: #"unknown member "\u001b[2J\u202e""#,
            "[unknown_member at"
        ),
        .line(
            "a name of half a mebibyte",
            task("\"\(String(repeating: "x", count: 1 << 19))\": 1"),
            says: "xxxx…\"",
            "[unknown_member at"
        ),
        .tasks(
            "an id that occurs twice",
            (good + good).utf8,
            says: "tasks.jsonl:2: ",
            "[duplicate_id at /id]",
            "first in line 1"
        ),
        .tasks(
            "an id that a line without an id has by default",
            (#"{"executor": "command", "payload": {"command": "true"}}"# + "\n"
                + task(#""id": "line-1""#) + "\n").utf8,
            says: "tasks.jsonl:2: ",
            "[duplicate_id at /id]"
        ),
    ]

    private static let bytes: [BadInputCase] = [
        .tasks(
            "bytes that are not UTF-8",
            Array("{\"id\": \"".utf8) + [0xFF, 0x0A],
            says: ":1:9: ",
            "save the file as UTF-8"
        ),
        .tasks(
            "an overlong encoding",
            Array("{\"id\": \"".utf8) + [0xC0, 0x80, 0x0A],
            says: ":1:9: ",
            "not valid UTF-8"
        ),
        .tasks("NUL bytes", Array("{\"id\"".utf8) + [0, 0, 0x0A], says: ":1:6: ", "is it a text file"),
        .tasks("a control character in a string", "{\"id\": \"a\u{8}\"}\n".utf8, says: ":1:10: ", "with a backslash"),
        .tasks("a byte order mark", [0xEF, 0xBB, 0xBF] + Array(good.utf8), says: ":1: ", "[byte_order_mark]", "BOM"),
        .tasks("UTF-16", [0xFF, 0xFE] + good.utf8.flatMap { [$0, 0] }, says: "tasks.jsonl:1:1: ", "save it as UTF-8"),
        .tasks("a compressed file", [0x1F, 0x8B, 8, 0, 0, 0x0A], says: "tasks.jsonl:1:1: ", "gunzip"),
        .tasks(
            "CR alone as the end of a line",
            (good.dropLast() + "\r" + good).utf8,
            says: ":1:68: ",
            "one task a line"
        ),
        sparse("a line of 100 MB", 100 << 20, lineEnd: true, says: "tasks.jsonl:2: the line has 104857600 bytes"),
        sparse("a line of 100 MB without an end", 100 << 20, lineEnd: false, says: "the line has 104857600 bytes"),
        // As much as is passed over at once, so that nothing of the line is left at the end of the file.
        sparse(
            "a line of 17 times 64 KiB without an end",
            17 << 16,
            lineEnd: false,
            says: "the line has 1114112 bytes"
        ),
    ]

    private static func sparse(_ title: String, _ size: Int, lineEnd: Bool, says: String) -> BadInputCase {
        BadInputCase(
            group: .tasks,
            title: title,
            arguments: ["run", "--file", "tasks.jsonl"],
            says: [says, "[line_too_long]"]
        ) {
            let start = lineEnd ? good.utf8.count : 0
            let path = try $0.write("home/tasks.jsonl", lineEnd ? good : "")
            guard truncate(path, off_t(start + size)) == 0 else { throw TestSupportFailure("truncate", path) }
            guard lineEnd else { return }
            let file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
            defer { close(file) }
            guard write(file, "\n", 1) == 1 else { throw TestSupportFailure("write", path) }
        }
    }

    private static let files: [BadInputCase] = [
        .line(
            .tasks,
            "a file that does not exist",
            ["run", "--file", "tasks.json"],
            says: "--file tasks.json: No such file"
        ),
        .line(.tasks, "a directory", ["run", "--file", "."], says: "--file .: it is a directory"),
        .line(
            .tasks,
            "a line that never ends",
            ["validate", "--file", "/dev/zero"],
            says: "/dev/zero:1: ",
            "[file_unreadable]",
            "is this a file of tasks?"
        ),
        BadInputCase(
            group: .tasks,
            title: "a file that may not be read",
            arguments: ["run", "--file", "tasks.jsonl"],
            says: ["--file tasks.jsonl: Permission denied"],
            asUser: true
        ) {
            try $0.write("home/tasks.jsonl", good, mode: 0)
        },
        BadInputCase(
            group: .tasks,
            title: "a link that leads to itself",
            arguments: ["run", "--file", "tasks.jsonl"],
            says: ["--file tasks.jsonl: ", "symbolic links"]
        ) {
            try $0.link("home/tasks.jsonl", to: "tasks.jsonl")
        },
        BadInputCase(
            group: .tasks,
            title: "an id that occurs twice on a stream",
            arguments: ["validate", "--file", "-"],
            input: .bytes(Array((good + good).utf8)),
            says: ["stdin:2: ", "[duplicate_id at /id]", "first in line 1"]
        ) { _ in },
        BadInputCase(
            group: .tasks,
            title: "a wrong line that comes by a FIFO",
            arguments: ["validate", "--file", "fifo"],
            says: ["fifo:2: ", "[not_an_object]"]
        ) {
            try $0.write("home/lines", good + "[]\n")
            let fifo = $0.file("home/fifo")
            guard mkfifo(fifo, 0o600) == 0 else { throw TestSupportFailure("mkfifo", fifo) }
            // The writer waits for a reader, though not for ever.
            let words = ["-c", "timeout 30 sh -c 'cat \($0.file("home/lines")) > \(fifo)' &"]
            guard exitStatus(of: "/bin/sh", words) == 0 else { throw TestSupportFailure("sh", fifo) }
        },
        BadInputCase(
            group: .tasks,
            title: "nothing at all, which is no task and no fault",
            arguments: ["validate", "--file", "tasks.jsonl"],
            exitCode: 0,
            says: []
        ) {
            try $0.write("home/tasks.jsonl", "")
        },
        BadInputCase(
            group: .tasks,
            title: "CR and LF at the ends of lines, and empty lines, which are taken",
            arguments: ["validate", "--file", "tasks.jsonl"],
            exitCode: 0,
            says: []
        ) {
            try $0.write("home/tasks.jsonl", good.dropLast() + "\r\n\r\n\n")
        },
        BadInputCase(
            group: .tasks,
            title: "stdin that is closed",
            arguments: ["run", "--file", "-"],
            input: .closed,
            says: ["--file -: it is closed"]
        ) { _ in },
    ]
}
