internal import OstlerJSON
internal import OstlerTestSupport

/// Three kinds of executors under the same guards: a command, a function of the C library, a plugin in Python.
struct GuardedExecutor: Sendable {
    let name: String
    /// A payload that succeeds, and one that fails with exit code 1.
    let good, bad: JSONValue

    static let all = [
        GuardedExecutor(name: "command", good: ["command": "true"], bad: ["command": "false"]),
        GuardedExecutor(name: "chdir", good: ["path": "/usr"], bad: ["path": "/nowhere"]),
        GuardedExecutor(name: "answer", good: ["exit_code": 0], bad: ["exit_code": 1]),
    ]

    private static let library = """
        name: libc
        version: 0.1.0
        protocol: {min: 0, max: 0}
        kind: foreign
        entry: {library: libc.so.6}
        functions:
          chdir: {returns: int, args: [{path: cstring}], errno: true, ok: 0}
        executors:
          - {name: chdir, description: Enters a directory, reuse: warm}
        """

    private static let answering = """
        name: answering
        version: 0.1.0
        protocol: {min: 0, max: 0}
        kind: process
        entry: {command: [bin/answering]}
        executors:
          - {name: answer, payload: {type: object}}
        """

    private static let program = """
        #!/usr/bin/python3
        import json, sys

        for line in sys.stdin:
            message = json.loads(line)
            result = {}
            if message["method"] == "initialize":
                result = {"protocol": 0, "name": "answering", "executors": ["answer"]}
            elif message["method"] == "execute":
                task = message["params"]
                code = task["payload"]["exit_code"]
                result = {"task": task["task"], "outcome": "failed" if code else "succeeded", "exit_code": code}
            print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)

        """

    /// Puts the plugins into the directory that `--plugin-path plugins` means.
    static func install(_ tree: InstalledTree) throws {
        try tree.directory.write("home/plugins/libc/plugin.yaml", library)
        try tree.directory.write("home/plugins/answering/plugin.yaml", answering)
        try tree.directory.script("home/plugins/answering/bin/answering", program)
    }
}

/// A guard on a task that would succeed, and what becomes of it.
struct GuardRow: Sendable {
    let guards: JSONValue
    /// What kept it, and which member that is due to; nil if nothing did.
    var effect: String?
    var by: String?
    var outcome = "succeeded"
    var code: String?

    init(
        _ guards: JSONValue,
        _ effect: String? = nil,
        by: String? = nil,
        _ outcome: String = "succeeded",
        code: String? = nil
    ) {
        (self.guards, self.effect, self.by) = (guards, effect, by)
        (self.outcome, self.code) = (outcome, code)
    }

    static let all = [
        GuardRow(["creates": "/usr/bin/env"], "stable", by: "creates"),
        GuardRow(["creates": "/usr/no/such"]),
        GuardRow(["onlyif": "test -d /usr"]),
        GuardRow(["onlyif": "test -d /nowhere"], "stable", by: "onlyif"),
        GuardRow(["unless": ["test", "-d", "/usr"]], "stable", by: "unless"),
        GuardRow(["unless": "false"]),
        GuardRow(["refreshonly": true], "stable", by: "refresh_only"),
        GuardRow(["control": ["if": false], "creates": "/usr"], "skipped", by: "control", "skipped"),
        GuardRow(["onlyif": "no-such-program"], nil, "failed", code: "guard_not_started"),
        GuardRow(["unless": "sh -c 'kill -9 $$'"], nil, "failed", code: "guard_signal"),
        GuardRow(["returns": [3]], nil, "failed", code: "desired_state_failed"),
    ]
}
