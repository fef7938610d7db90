internal import Glibc
internal import OstlerTestSupport

/// One thing that somebody can give to Ostler and that is refused.
struct BadInputCase: Sendable {
    /// The section of the page.
    enum Group: String, CaseIterable, Sendable {
        case tasks = "Files of tasks"
        case config = "Configuration"
        case manifests = "Manifests"
        case environment = "Environment"
        case commandLine = "Command line"
    }

    let group: Group
    /// What it is, in a few words.
    let title: String
    let arguments: [String]
    var environment: [String] = []
    var input = Child.Input.empty
    var exitCode: Int32 = 3
    /// What must stand in what is said: the code, the place, the advice.
    let says: [String]
    /// A case of who may read what, which root may always.
    var asUser = false
    let prepare: @Sendable (TemporaryDirectory) throws -> Void

    /// A file of tasks that is run.
    static func tasks(
        _ title: String,
        _ content: some Collection<UInt8> & Sendable,
        _ arguments: [String] = ["run", "--file", "tasks.jsonl"],
        says: String...
    ) -> BadInputCase {
        BadInputCase(group: .tasks, title: title, arguments: arguments, says: says) {
            try $0.write("home/tasks.jsonl", content)
        }
    }

    /// A line of a file of tasks behind a good one.
    static func line(_ title: String, _ text: String, says: String...) -> BadInputCase {
        let good = #"{"executor": "command", "payload": {"command": "true"}}"# + "\n"
        return BadInputCase(
            group: .tasks,
            title: title,
            arguments: ["run", "--file", "tasks.jsonl"],
            says: ["tasks.jsonl:2"] + says
        ) {
            try $0.write("home/tasks.jsonl", good + text + "\n")
        }
    }

    /// A configuration that is found in the working directory.
    static func config(_ title: String, _ content: some Collection<UInt8> & Sendable, says: String...) -> BadInputCase {
        BadInputCase(group: .config, title: title, arguments: ["run", "command", "--", "true"], says: says) {
            try $0.write("home/ostler.yaml", content)
        }
    }

    /// The manifest of a plugin whose executor is asked for.
    static func manifest(
        _ title: String,
        _ content: String,
        files: [String: String] = [:],
        says: String...
    ) -> BadInputCase {
        let arguments = ["run", "greet", "--plugin-path", "greet", "--payload", "{}"]
        return BadInputCase(group: .manifests, title: title, arguments: arguments, says: says) { directory in
            try directory.script("home/greet/bin/greet", "#!/bin/sh\n")
            try directory.write("home/greet/plugin.yaml", content)
            for (name, text) in files { try directory.write("home/greet/" + name, text) }
        }
    }

    /// Nothing but a command line, perhaps with variables.
    static func line(
        _ group: Group,
        _ title: String,
        _ arguments: [String],
        environment: [String] = [],
        exitCode: Int32 = 3,
        says: String...
    ) -> BadInputCase {
        BadInputCase(
            group: group,
            title: title,
            arguments: arguments,
            environment: environment,
            exitCode: exitCode,
            says: says
        ) { _ in }
    }
}
