import Glibc
import OstlerJSON
import OstlerTestSupport
import Testing

@testable import OstlerConfig

@Suite struct `Configuration files that include others` {
    private let directory = SuiteDirectory()

    private func load(explicit: Bool = false) throws -> HostConfig {
        try HostConfig.load(
            explicit: explicit ? "ostler.yaml" : nil,
            environment: [:],
            workingDirectory: directory.path("work"),
            systemDirectory: directory.path("etc")
        )
    }

    private func message(explicit: Bool = false) -> String? {
        do {
            _ = try load(explicit: explicit)
            return nil
        } catch let failure as ConfigFailure {
            return failure.problems.map { "\($0) [\($0.code.rawValue)]" }.joined(separator: "\n")
        } catch {
            return "\(error)"
        }
    }

    private func origin(_ config: HostConfig, _ pointer: String) -> String {
        config.origin(of: JSONPointer(pointer)).description
    }

    @Test func `are laid over what they include, and a later one over an earlier one`() throws {
        directory.write("work/ostler.yaml", "include: [parts/a.yaml, parts/b.yaml]\ntasks: {grace: 3s}\n")
        directory.write(
            "work/parts/a.yaml",
            "tasks: {grace: 1s, timeout: 1m}\nexecutors: {command: {blocked_commands: [rm, dd], bundles: [nss]}}\n"
        )
        directory.write(
            "work/parts/b.yaml",
            "tasks:\n  timeout: 2m\nexecutors: {command: {blocked_commands: [mkfs]}, http: {timeout_seconds: 3}}\n"
        )
        let config = try load()
        #expect(config.tasks.graceMilliseconds == 3_000)
        #expect(config.tasks.timeoutMilliseconds == 120_000)
        // Lists are replaced, not joined.
        #expect(config.executor(named: "command").blockedCommands == ["mkfs"])
        #expect(config.executor(named: "command").bundles == ["nss"])
        #expect(config.executor(named: "http").settings.keys == ["timeout_seconds"])
        #expect(origin(config, "/tasks/grace") == "ostler.yaml:2:16")
        #expect(origin(config, "/tasks/timeout") == "parts/b.yaml:2:12")
        #expect(origin(config, "/executors/command/bundles") == "parts/a.yaml:2:60")
        #expect(origin(config, "/tasks/start_timeout") == "default")
    }

    @Test func `may be included by what is included, with paths from where they stand`() throws {
        directory.write("work/ostler.yaml", "include: [parts/a.yaml]\n")
        directory.write("work/parts/a.yaml", "include: [../b.yaml, \(directory.path("etc/c.yaml"))]\ntasks:\n")
        directory.write("work/b.yaml", "tasks: {timeout: 5s}\n")
        directory.write("etc/c.yaml", "log: {level: debug}\n")
        let config = try load()
        #expect(config.tasks.timeoutMilliseconds == 5_000)
        #expect(origin(config, "/tasks/timeout") == "parts/../b.yaml:1:18")
        #expect(origin(config, "/log/level") == "\(directory.path("etc/c.yaml")):1:14")
    }

    @Test func `may be included twice`() throws {
        directory.write("work/ostler.yaml", "include: [a.yaml, b.yaml]\n")
        directory.write("work/a.yaml", "include: [c.yaml]\ntasks: {timeout: 5s}\n")
        directory.write("work/b.yaml", "include: [c.yaml]\n")
        directory.write("work/c.yaml", "tasks: {timeout: 7s}\n")
        #expect(try load().tasks.timeoutMilliseconds == 7_000)
    }

    @Test func `are told of a loop, with the way`() {
        directory.write("work/ostler.yaml", "include: [a.yaml]\n")
        directory.write("work/a.yaml", "log: {level: info}\ninclude:\n  - parts/b.yaml\n")
        directory.write("work/parts/b.yaml", "include: [../ostler.yaml]\n")
        #expect(
            message()
                == "parts/b.yaml:1:11: files that include each other: ostler.yaml:1:11 -> a.yaml:3:5 -> "
                + "parts/b.yaml:1:11 -> parts/../ostler.yaml; take one of these lines out [include_loop]"
        )
    }

    @Test func `are told of themselves, also under another name`() {
        directory.write("work/ostler.yaml", "include: [other.yaml]\n")
        link(directory.path("work/ostler.yaml"), directory.path("work/other.yaml"))
        #expect(message()?.hasSuffix("[include_loop]") == true, "\(message() ?? "")")
    }

    @Test func `end at a depth, and at a number of files`() throws {
        directory.write("work/ostler.yaml", "include: [1.yaml]\n")
        for number in 1...8 { directory.write("work/\(number).yaml", "include: [\(number + 1).yaml]\n") }
        directory.write("work/9.yaml", "")
        let deep =
            "8.yaml:1:11: files include each other more than 8 levels deep; the way there is ostler.yaml:1:11 -> "
        #expect(message()?.hasPrefix(deep) == true, "\(message() ?? "")")
        directory.write("work/8.yaml", "")
        #expect(message() == nil)
        // Twice at each of seven levels: 254 files to read.
        for number in 1...7 {
            directory.write("work/\(number).yaml", "include: [\(number + 1).yaml, \(number + 1).yaml]\n")
        }
        let many = try #require(message())
        #expect(many.contains("more than 64 files are read by include"), "\(many)")
        #expect(many.hasSuffix("[include_too_deep]"))
    }

    @Test(
        arguments: [
            ("no.yaml", "the included file no.yaml does not exist [config_not_found]"),
            (".", "the included file . is a directory [config_unreadable]"),
            ("fifo", "the included file fifo is not a regular file [config_unreadable]"),
            ("open.yaml", "the included file open.yaml is not used: every user can write it [unsafe_permissions]"),
        ]
    )
    func `are told of a file that cannot be had`(_ name: String, _ what: String) {
        directory.write("work/ostler.yaml", "tasks: {grace: 1s}\ninclude: [\(name)]\n")
        directory.write("work/open.yaml", "")
        chmod(directory.path("work/open.yaml"), 0o666)
        mkfifo(directory.path("work/fifo"), 0o600)
        #expect(message() == "ostler.yaml:2:11: " + what)
    }

    @Test func `are believed as much as the file that was named`() {
        directory.write("work/ostler.yaml", "include: [open.yaml]\n")
        directory.write("work/open.yaml", "")
        chmod(directory.path("work/open.yaml"), 0o666)
        #expect(message(explicit: true) == nil)
    }

    @Test(
        arguments: [
            ("include: a.yaml\n", "ostler.yaml:1:10: include must be a list, not \"a.yaml\" [wrong_type]"),
            ("include: [5]\n", "ostler.yaml:1:11: include.0 must be text, not 5; write it in quotes [wrong_type]"),
            ("include: [\"\"]\n", "ostler.yaml:1:11: include.0 must not be empty [invalid_value]"),
        ]
    )
    func `are told of a list that is none`(_ text: String, _ told: String) {
        directory.write("work/ostler.yaml", text)
        #expect(message() == told)
    }

    @Test func `hide nothing that is wrong below them`() {
        directory.write("work/ostler.yaml", "include: [a.yaml]\ntasks: {timeout: 5s}\n")
        directory.write("work/a.yaml", "tasks: {timeout: soon, graec: 1s}\n")
        let told = message() ?? ""
        #expect(told.contains("a.yaml:1:18: tasks.timeout: \"soon\" is not a duration"), "\(told)")
        #expect(told.contains("a.yaml:1:24: unknown key \"graec\" in tasks; did you mean \"grace\"?"), "\(told)")
        directory.write("work/a.yaml", "- tasks\n")
        #expect(message() == "a.yaml:1:1: the document must be a mapping, not a list [wrong_type]")
    }

    @Test func `are files: a text that was handed over includes nothing`() {
        #expect(throws: ConfigFailure.self) { try HostConfig(parsing: "include: []\n", file: "x") }
    }
}
