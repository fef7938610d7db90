import OstlerJSON
import Testing

@testable import OstlerConfig

private func problems(_ text: String) -> [String] {
    do throws(ConfigFailure) {
        _ = try HostConfig(parsing: text, file: "ostler.yaml")
        return []
    } catch {
        return error.problems.map(\.description)
    }
}

@Suite struct HostConfigTests {
    @Test(arguments: ["", "# nothing\n", "{}", "executors:\nplugins:\nsandbox:\ntasks:\n", "sandbox: {limits: }"])
    func `an empty file gives the defaults`(text: String) throws {
        let config = try HostConfig(parsing: text, file: "ostler.yaml")
        #expect(config.executors.isEmpty)
        #expect(config.plugins == HostConfig.Plugins())
        #expect(config.sandbox == HostConfig.Sandbox())
        #expect(config.tasks == HostConfig.Tasks())
        #expect(config.tree == HostConfig().tree)
    }

    @Test func `the defaults are those of the reference`() {
        let config = HostConfig()
        #expect(config.plugins.allow == ["*"])
        #expect(config.sandbox.profile == "strict")
        #expect(!config.sandbox.allowHost)
        #expect(config.sandbox.uidRange.first == 200_000 && config.sandbox.uidRange.count == 4096)
        #expect(config.sandbox.limits.memory == 1 << 30)
        #expect(config.sandbox.limits.cpuMilliseconds == nil)
        #expect(config.tasks.timeoutMilliseconds == nil)
        #expect(config.tasks.graceMilliseconds == 5_000)
        #expect(config.tasks.queuedTimeoutMilliseconds == 30_000)
        #expect(config.store.path == nil && config.store.capacity == 100_000 && !config.store.recordsRuns)
        #expect(config.store.retention.ageMilliseconds == 2_592_000_000)
        #expect(config.executor(named: "command").enabled)
        #expect(config.executor(named: "command").allowedCommands == nil)
        #expect(config.document == nil)
    }

    @Test func `every key is read`() throws {
        let text = """
            executors:
              command: {enabled: true, allowed_commands: [ls, cat], blocked_commands: [rm]}
              http: {enabled: false, timeout_seconds: 30, allowed_hosts: ["*.example.com"]}
              bare:
            plugins: {allow: ["a*"], block: [evil]}
            sandbox:
              profile: strict
              allow_host: true
              uid_range: {first: 300000, count: 10}
              limits: {memory: 2GiB, processes: 10, open_files: 20, tmp: 0, output: 1048576, cpu: 1m, file_size: 1GiB}
            tasks: {timeout: 1h, queued_timeout: none, grace: 0s, start_timeout: 250ms}
            store:
              path: ~/queue.db
              capacity: none
              lock_timeout: 250ms
              retention: {age: none, count: 1000, size: 1GiB}
              record_runs: true
            """
        let config = try HostConfig(parsing: text, file: "ostler.yaml")
        let command = config.executor(named: "command")
        #expect(command.allowedCommands == ["ls", "cat"])
        #expect(command.blockedCommands == ["rm"])
        #expect(command.settings.isEmpty)
        let http = config.executor(named: "http")
        #expect(!http.enabled)
        #expect(JSONValue.object(http.settings).text == #"{"timeout_seconds":30,"allowed_hosts":["*.example.com"]}"#)
        #expect(config.executor(named: "bare") == HostConfig.Executor())
        #expect(config.disabledExecutors == ["http"])
        #expect(config.plugins == HostConfig.Plugins(allow: ["a*"], block: ["evil"]))
        #expect(config.sandbox.allowHost)
        #expect(config.sandbox.uidRange.first == 300_000 && config.sandbox.uidRange.count == 10)
        let limits = config.sandbox.limits
        #expect(limits.memory == 2 << 30 && limits.processes == 10 && limits.openFiles == 20 && limits.tmp == 0)
        #expect(limits.output == 1 << 20 && limits.cpuMilliseconds == 60_000 && limits.fileSize == 1 << 30)
        #expect(config.tasks.timeoutMilliseconds == 3_600_000)
        #expect(config.tasks.graceMilliseconds == 0)
        #expect(config.tasks.startTimeoutMilliseconds == 250)
        #expect(config.tasks.queuedTimeoutMilliseconds == nil)
        let store = config.store
        #expect(store.path == "~/queue.db" && store.capacity == nil && store.recordsRuns)
        #expect(store.lockTimeoutMilliseconds == 250)
        #expect(store.retention.ageMilliseconds == nil && store.retention.count == 1000)
        #expect(store.retention.size == 1 << 30)
    }

    @Test func `an empty allow list allows nothing`() throws {
        let config = try HostConfig(parsing: "executors: {command: {allowed_commands: []}}", file: "f")
        #expect(config.executor(named: "command").allowedCommands == [])
        #expect(try HostConfig(parsing: "plugins: {allow: []}", file: "f").plugins.allow == [])
    }

    @Test(arguments: [
        ("tasks: {timeout: none}", true), ("sandbox: {limits: {cpu: none, file_size: none}}", true),
        ("store: {capacity: none, retention: {age: none, count: none, size: none}}", true),
        ("store: {path: none}", false), ("store: {lock_timeout: 2h}", false), ("tasks: {grace: none}", false),
        ("sandbox: {limits: {memory: none}}", false),
    ])
    func `none lifts a limit only where that is meant`(text: String, isFine: Bool) {
        #expect(problems(text).isEmpty == isFine)
    }

    @Test(arguments: [
        ("executer: {}", #"1:1: unknown key "executer"; did you mean "executors"?"#),
        (
            "x: 1",
            #"1:1: unknown key "x"; known keys: include, executors, plugins, sandbox, tasks, store, secrets, log"#
        ),
        ("sandbox:\n  limits:\n    memroy: 1", #"3:5: unknown key "memroy" in sandbox.limits; did you mean "memory"?"#),
        (
            "sandbox:\n  open_files: 1",
            #"2:3: unknown key "open_files" in sandbox; known keys: profile, profiles, allow_contained, allow_host, uid_range, limits"#
        ),
        ("- a", "1:1: the document must be a mapping, not a list"),
        ("hello", "1:1: the document must be a mapping, not \"hello\""),
        ("tasks: 5", "1:8: tasks must be a mapping, not 5"),
        (
            "tasks: {grace: 5}",
            "1:16: tasks.grace must be a duration such as 250ms, 30s, 5m, 1h30m or 1d, not 5; write 5s or 5ms"
        ),
        (
            "tasks: {grace: soon}",
            #"1:16: tasks.grace: "soon" is not a duration; write it as 250ms, 30s, 5m, 1h30m or 1d"#
        ),
        ("tasks: {timeout: 0s}", "1:18: tasks.timeout must be longer than 0"),
        (
            "tasks: {timeout: 999999999d}",
            #"1:18: tasks.timeout: the duration "999999999d" is too long; the longest is 106751d"#
        ),
        ("plugins: {allow: x}", "1:18: plugins.allow must be a list, not \"x\""),
        ("plugins:\n  allow:\n", "2:9: plugins.allow must be a list, not nothing; write [] for an empty list"),
        ("plugins: {block: [1]}", "1:19: plugins.block.0 must be text, not 1; write it in quotes"),
        ("plugins: {block: ['']}", "1:19: plugins.block.0 must not be empty"),
        ("sandbox: {allow_host: yes}", #"1:23: sandbox.allow_host must be true or false, not "yes"; write true"#),
        ("sandbox: {allow_host: 1}", "1:23: sandbox.allow_host must be true or false, not 1"),
        (
            "sandbox: {profile: none}",
            #"1:20: there is no profile "none"; there are strict, workspace, contained, host"#
        ),
        ("sandbox: {profile: stirct}", #"1:20: there is no profile "stirct"; did you mean "strict"?"#),
        (
            "sandbox: {profile: host}",
            #"1:20: the profile "host" is no sandbox at all, which must be allowed; set sandbox.allow_host: true beside it, if that is what you want"#
        ),
        (
            "sandbox: {profile: a, profiles: {a: {extends: host}}}",
            #"1:20: the profile "a" is no sandbox at all, which must be allowed; set sandbox.allow_host: true beside it, if that is what you want"#
        ),
        ("sandbox: {profiles: {a: {}}}", #"1:25: the key "extends" is missing in sandbox.profiles.a"#),
        (
            "sandbox: {profiles: {build: {extends: biuld2}, build2: {extends: strict}}}",
            #"1:39: there is no profile "biuld2"; did you mean "build2"?"#
        ),
        (
            "sandbox: {profiles: {strict: {extends: host}}}",
            #"1:22: the profile "strict" is built in and cannot be defined again; extend it by another name"#
        ),
        (
            "sandbox: {profiles: {a: {extends: a}}}",
            "1:35: the profiles extend each other in a ring: a extends a"
        ),
        (
            "sandbox: {profiles: {A: {extends: strict}}}",
            #"1:22: "A" is not a name of a profile; a name is a lower-case letter and up to 63 lower-case letters, digits, _ or -"#
        ),
        (
            "sandbox: {profiles: {a: {extends: strict, ro: [x]}}}",
            "1:48: sandbox.profiles.a.ro.0 must be an absolute path, or begin with ~/, without . and .. in it"
        ),
        (
            "sandbox: {profiles: {a: {extends: strict, rw: [/proc/1]}}}",
            #"1:48: "/proc/1" cannot be granted: each sandbox has one of its own"#
        ),
        (
            "sandbox: {profiles: {a: {extends: strict, network: host}}}",
            #"1:52: sandbox.profiles.a.network must be none or loopback, not "host""#
        ),
        (
            "sandbox: {profiles: {a: {extends: strict, limits: {memroy: 1GiB}}}}",
            #"1:52: unknown key "memroy" in sandbox.profiles.a.limits; did you mean "memory"?"#
        ),
        (
            "sandbox: {profiles: {a: {extends: strict, env: {A=B: x}}}}",
            "1:49: the name of a variable must not be empty nor hold '=' or NUL"
        ),
        (
            "sandbox: {profiles: {a: {extends: contained, network: loopback}}}",
            #"1:55: the network cannot be limited by a profile that extends contained"#
        ),
        ("sandbox: {uid_range: {first: 0}}", "1:30: sandbox.uid_range.first must be from 1000 to 4294967293, not 0"),
        (
            "sandbox: {uid_range: {first: 4294967293, count: 2}}",
            "1:22: the range ends above the last user id, 4294967293"
        ),
        ("sandbox: {uid_range: {count: 1.5}}", "1:30: sandbox.uid_range.count must be a whole number, not 1.5"),
        (
            "sandbox: {limits: {memory: 64MB}}",
            #"1:28: sandbox.limits.memory: "64MB" is not a size; write it as 512B, 64KiB, 1MiB, 1GiB or a number of bytes; did you mean "MiB"?"#
        ),
        ("sandbox: {limits: {memory: 5}}", "1:28: sandbox.limits.memory must be at least 1MiB"),
        (
            "sandbox: {limits: {tmp: -1}}",
            "1:25: sandbox.limits.tmp must be a size such as 512B, 64KiB, 1MiB, 1GiB or a number of bytes, not -1"
        ),
        ("sandbox: {limits: {processes: 0}}", "1:31: sandbox.limits.processes must be from 1 to 1000000, not 0"),
        (
            "executors: {Command: {}}",
            #"1:13: "Command" is not a name of an executor; a name is a lower-case letter and up to 63 lower-case letters, digits, _ or -"#
        ),
        ("executors: {command: {enabled: 0}}", "1:32: executors.command.enabled must be true or false, not 0"),
        (
            "executors: {command: {allowed_commands: ls}}",
            "1:41: executors.command.allowed_commands must be a list, not \"ls\""
        ),
        (
            "executors: {command: {blocked_commands: }}",
            "1:41: executors.command.blocked_commands must be a list, not nothing; write [] for an empty list"
        ),
        (
            "executors: {command: {allowed_commands: [\"a\\0b\"]}}",
            "1:42: executors.command.allowed_commands.0 must not hold a NUL character"
        ),
        ("a: 1\na: 2", #"2:1: the key "a" occurs twice in one mapping"#),
    ])
    func `what is wrong is named with its place`(text: String, message: String) {
        #expect(problems(text) == ["ostler.yaml:" + message])
    }

    @Test func `A ring of profiles is told once at each of its members`() {
        let text = """
            sandbox:
              profiles:
                a: {extends: b}
                b: {extends: c}
                c: {extends: b}
            """
        #expect(
            problems(text) == [
                "ostler.yaml:4:18: the profiles extend each other in a ring: b extends c extends b",
                "ostler.yaml:5:18: the profiles extend each other in a ring: c extends b extends c",
            ]
        )
    }

    @Test func `all problems are told, in the order of the text`() {
        let text = "tasks: {grace: 1}\nplugins: {allow: 1, extra: 2}\nsandbox: {profile: host}\n"
        #expect(problems(text).map { $0.split(separator: ":")[1] } == ["1", "2", "2", "3"])
    }

    @Test func `an error carries pointer, line, column and code`() {
        #expect {
            try HostConfig(parsing: "sandbox:\n  profile: host", file: "ostler.yaml")
        } throws: { error in
            let problem = (error as? ConfigFailure)?.problems.first
            return problem?.code.rawValue == "profile_unavailable" && problem?.pointer.description == "/sandbox/profile"
                && problem?.line == 2 && problem?.column == 12 && problem?.file == "ostler.yaml"
        }
    }

    @Test func `each deletion of a character loads or gives problems with places`() throws {
        let text = Array("executors:\n  command: {enabled: true}\nsandbox:\n  limits: {memory: 1GiB}\n".utf8)
        for index in text.indices {
            var shorter = text
            shorter.remove(at: index)
            do throws(ConfigFailure) {
                _ = try HostConfig(parsing: shorter, file: "ostler.yaml")
            } catch {
                #expect(error.problems.allSatisfy { $0.position != nil })
            }
        }
    }
}

@Suite struct HostConfigSettingsTests {
    @Test func `each value knows its origin`() throws {
        let text =
            "executors:\n  command:\n    allowed_commands: [ls]\n    shell: sh\nsandbox:\n  limits: {memory: 2048MiB}\n"
        let config = try HostConfig(parsing: text, file: "ostler.yaml")
        let lines = config.settings.map { "\($0.pointer) = \($0.value.text) (\($0.origin))" }
        #expect(
            lines == [
                "/executors/command/enabled = true (default)",
                #"/executors/command/allowed_commands = ["ls"] (ostler.yaml:3:23)"#,
                "/executors/command/blocked_commands = [] (default)",
                "/executors/command/bundles = [] (default)",
                "/executors/command/exec_workdir = false (default)",
                #"/executors/command/shell = "sh" (ostler.yaml:4:12)"#,
                #"/plugins/allow = ["*"] (default)"#,
                "/plugins/block = [] (default)",
                #"/sandbox/profile = "strict" (default)"#,
                "/sandbox/allow_contained = false (default)",
                "/sandbox/allow_host = false (default)",
                "/sandbox/uid_range/first = 200000 (default)",
                "/sandbox/uid_range/count = 4096 (default)",
                #"/sandbox/limits/memory = "2GiB" (ostler.yaml:6:20)"#,
                "/sandbox/limits/processes = 256 (default)",
                "/sandbox/limits/open_files = 256 (default)",
                #"/sandbox/limits/tmp = "64MiB" (default)"#,
                #"/sandbox/limits/output = "64MiB" (default)"#,
                #"/sandbox/limits/cpu = "none" (default)"#,
                #"/sandbox/limits/file_size = "none" (default)"#,
                #"/tasks/timeout = "none" (default)"#,
                #"/tasks/queued_timeout = "30s" (default)"#,
                #"/tasks/run_timeout = "none" (default)"#,
                #"/tasks/grace = "5s" (default)"#,
                #"/tasks/start_timeout = "10s" (default)"#,
                "/store/capacity = 100000 (default)",
                #"/store/lock_timeout = "10s" (default)"#,
                #"/store/retention/age = "30d" (default)"#,
                #"/store/retention/count = "none" (default)"#,
                #"/store/retention/size = "none" (default)"#,
                "/store/record_runs = false (default)",
                #"/log/level = "info" (default)"#,
                #"/log/format = "plain" (default)"#,
            ]
        )
    }

    @Test func `what is shown can be read again`() throws {
        let profiles =
            "{a: {extends: workspace, ro: [/a], rw: [~/b], network: none, limits: {cpu: none, processes: 5}, env: {K: v}}}"
        let text = "tasks: {timeout: 90m}\nexecutors: {a: {x: 1}}\nsandbox: {profile: a, profiles: \(profiles)}"
        let config = try HostConfig(parsing: text, file: "f")
        let again = try HostConfig(parsing: config.tree.text, file: "g")
        #expect(again.tree == config.tree)
        #expect(again.tasks.timeoutMilliseconds == 5_400_000)
        #expect(again.sandbox == config.sandbox)
    }
}

@Suite struct GlobTests {
    @Test(arguments: [
        ("*", "", true), ("*", "abc", true), ("", "", true), ("", "a", false), ("abc", "abc", true),
        ("abc", "abcd", false),
        ("a*", "abc", true), ("*c", "abc", true), ("a*c", "abc", true), ("a*c", "ac", true), ("a*c", "abd", false),
        ("?", "a", true), ("?", "", false), ("a?c", "abc", true), ("*a*b*", "xxaxxbxx", true), ("*a*b*", "ba", false),
        ("**", "x", true), ("a.c", "abc", false), ("[a]", "a", false),
    ])
    func `matches names`(pattern: String, name: String, expected: Bool) {
        #expect(Glob.matches(pattern, name) == expected)
    }

    @Test func `many stars take no exponential time`() {
        let pattern = String(repeating: "a*", count: 200) + "b"
        #expect(!Glob.matches(pattern, String(repeating: "a", count: 2_000)))
    }
}

@Suite struct IdentifierTests {
    @Test(arguments: ["a", "command", "a-b_c9", "a" + String(repeating: "b", count: 63)])
    func `takes names`(text: String) { #expect(Identifier.isValid(text)) }

    @Test(arguments: ["", "A", "9a", "-a", "_a", "a.b", "a b", "ä", "a/b", "a" + String(repeating: "b", count: 64)])
    func `refuses the rest`(text: String) { #expect(!Identifier.isValid(text)) }
}
