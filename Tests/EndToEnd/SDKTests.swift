internal import Glibc
internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// The SDKs: their own tests, the recorded sessions that all of them share, and their examples under the real host.
    @Suite
    struct SDKTests {
        struct Example: CustomTestStringConvertible, Sendable {
            /// How the program comes to be.
            enum Making {
                /// A script, beside a copy of what the SDK has below its directory.
                case script(library: String)
                /// A product of this package.
                case product
                /// By the C compiler, with checks of each access and each leak.
                case compiled
            }

            let sdk: String
            let name: String
            let making: Making
            /// A directory of the machine that it writes to.
            var state: String?
            var testDescription: String { "\(sdk): \(name)" }
            /// Whether the SDK keeps to the credit of each task.
            var heedsCredit: Bool { sdk != "sh" }

            static func all(_ name: String) -> [Example] {
                [
                    Example(sdk: "c", name: name, making: .compiled),
                    Example(sdk: "python", name: name, making: .script(library: "src/ostler_plugin")),
                    Example(sdk: "swift", name: name, making: .product),
                ]
            }
            static let python = Example(sdk: "python", name: "hello", making: .script(library: "src/ostler_plugin"))
            static let hellos =
                all("hello") + [Example(sdk: "sh", name: "hello", making: .script(library: "ostler-plugin.bash"))]
            static let runners =
                all("runner") + [Example(sdk: "sh", name: "runner", making: .script(library: "ostler-plugin.bash"))]
            /// It keeps workspaces in a directory of the machine: of the test, when it is put together here.
            static let workshop = Example(
                sdk: "python",
                name: "workshop",
                making: .script(library: "src/ostler_plugin"),
                state: "/var/lib/ostler-workshop"
            )

            /// Puts example and SDK together, as an author does, and answers the plugin's directory.
            /// - Parameter isChecked: whether a program in C looks at each access and each leak; in a sandbox, which it may
            ///   not trace, it cannot look for leaks at its end.
            func assemble(_ tree: InstalledTree, isChecked: Bool = true) async throws -> String {
                let sdk = Surroundings.packageRoot() + "/sdk/" + sdk
                let source = sdk + "/examples/" + name
                let directory = tree.directory.file("\(self.sdk)-\(name)")
                try tree.directory.makeDirectory("\(self.sdk)-\(name)/bin")
                try tree.directory.makeDirectory("\(self.sdk)-\(name)/lib")
                let program = directory + "/bin/" + name
                try await shell(tree, "cp \(source)/plugin.yaml \(directory)")
                switch making {
                case .script(let library):
                    try await shell(
                        tree,
                        "cp \(source)/bin/\(name) \(program); cp -R \(sdk)/\(library) \(directory)/lib/"
                    )
                    if self.sdk == "sh" {
                        try await shell(tree, "\(sdk)/launch/build \(directory)/lib/ostler-sh-launch")
                    }
                case .product:
                    try await shell(tree, "cp \(Surroundings.program("ostler-example-" + name)) \(program)")
                case .compiled:
                    let checks = isChecked ? "-fsanitize=address,undefined -fno-sanitize-recover=all" : ""
                    let contract = Surroundings.packageRoot() + "/Sources/COstlerLaunch/include"
                    try await shell(
                        tree,
                        """
                        cc -std=c17 -Wall -Wextra -Werror -O1 \(checks) \
                        -I \(sdk) -I \(sdk)/launch/include -I \(contract) \(source)/\(name).c \(sdk)/src/*.c \
                        \(sdk)/launch/*.c -l:libjansson.a -o \(program)
                        """
                    )
                }
                if let state {
                    let kept = try tree.directory.makeDirectory("\(self.sdk)-\(name)-state")
                    try await shell(tree, "sed -i 's|\(state)|\(kept)|' \(program) \(directory)/plugin.yaml")
                    // Each process of the plugin may have a user id of its own.
                    chmod(kept, 0o777)
                }
                try await shell(tree, "chmod -R go-w \(directory)")
                return directory
            }

            private func shell(_ tree: InstalledTree, _ line: String) async throws {
                var command = Child.Command("/bin/sh", ["-ec", line])
                command.environment = ["PATH=/usr/bin:/bin"]
                let finished = try await tree.run(command)
                try #require(finished.exitCode == 0, "\(finished.complaint)")
            }
        }

        @Test
        func `The tests of the Python SDK pass`() async throws {
            try await withTree { tree in
                let sdk = Surroundings.packageRoot() + "/sdk/python"
                var command = Child.Command(
                    "/usr/bin/python3",
                    ["-B", "-m", "unittest", "discover", "--start-directory", "."]
                )
                command.directory = sdk + "/tests"
                command.environment = ["PYTHONPATH=" + sdk + "/src", "PATH=/usr/bin:/bin"]
                let finished = try await tree.run(command, within: .seconds(120))
                #expect(finished.exitCode == 0, "\(finished.complaint)")
                #expect(finished.complaint.contains("\nRan ") && !finished.complaint.contains("Ran 0 tests"))
            }
        }

        @Test(.needs("/usr/bin/jq"), arguments: Example.hellos)
        func `A hello goes through the recorded sessions`(_ example: Example) async throws {
            try await withTree { tree in
                let plugin = try await example.assemble(tree)
                let all = "*.jsonl" + (example.heedsCredit ? " credit/*.jsonl" : "")
                try await Self.play(all, example.heedsCredit ? 14 : 13, plugin, tree)
                // Whoever starts it may have left it deaf.
                let ends = "cancel.jsonl shutdown-in-a-task.jsonl host-gone-in-a-task.jsonl"
                try await Self.play(ends, 3, plugin, tree, by: "env --block-signal=TERM")
                try await Self.play(ends, 3, plugin, tree, by: "env --ignore-signal=TERM")
            }
        }

        private static func play(
            _ transcripts: String,
            _ count: Int,
            _ plugin: String,
            _ tree: InstalledTree,
            by starter: String = ""
        ) async throws {
            let script = "exec \(starter) ./play \(transcripts) -- \(plugin)/bin/hello"
            var command = Child.Command("/bin/sh", ["-c", script])
            command.directory = Surroundings.packageRoot() + "/sdk/transcripts"
            command.environment = ["PATH=/usr/bin:/bin", "LANG=C.UTF-8"]
            let finished = try await tree.run(command, within: .seconds(120))
            #expect(finished.exitCode == 0, "\(starter): \(finished.text)")
            #expect(finished.lines.last == "\(count) of \(count) sessions went as recorded")
        }

        @Test func `A plugin with workspaces goes through their recorded sessions`() async throws {
            try await withTree { tree in
                let plugin = try await Example.workshop.assemble(tree)
                let transcripts = Surroundings.packageRoot() + "/sdk/transcripts"
                let script = "exec \(transcripts)/play \(transcripts)/workspace/*.jsonl -- \(plugin)/bin/workshop"
                var command = Child.Command("/bin/sh", ["-c", script])
                command.environment = ["PATH=/usr/bin:/bin", "LANG=C.UTF-8"]
                // The sessions have it keep its workspaces below the directory that it is started in.
                command.directory = tree.home
                let finished = try await tree.run(command, within: .seconds(120))
                #expect(finished.exitCode == 0, "\(finished.text)")
                #expect(finished.lines.last == "3 of 3 sessions went as recorded")
                #expect(namesOfDirectory(tree.home + "/workspaces").isEmpty)
            }
        }

        @Test
        func `A session that goes otherwise than recorded is told with its place`() async throws {
            try await withTree { tree in
                let transcripts = Surroundings.packageRoot() + "/sdk/transcripts"
                let words = [transcripts + "/one-task.jsonl", "--", "/bin/cat"]
                let finished = try await tree.run(Child.Command(transcripts + "/play", words))
                #expect(finished.exitCode == 1)
                #expect(finished.lines.first?.contains("one-task.jsonl:2: expected") == true, "\(finished.text)")
            }
        }

        @Test(.sandboxed, .needs("/usr/bin/jq"), arguments: Example.hellos)
        func `A hello works in its sandbox`(_ example: Example) async throws {
            try await withTree { tree in
                let options = ["run", "hello", "--plugin-path", try await example.assemble(tree)]
                let twice = try await tree.run(options + ["--name", "Ada", "--times", "2"])
                #expect(twice.exitCode == 0, "\(twice.complaint)")
                #expect(twice.text == "hello Ada\nhello Ada\n")
                let nobody = try await tree.run(options + ["--name", "nobody", "--json"])
                #expect(nobody.exitCode == 1)
                #expect(try nobody.json()["error"]?["code"]?.string == "nobody")
                #expect(try nobody.json()["error"]?["pointer"]?.string == "/payload/name")
                let slow = try await tree.run(
                    options + ["--name", "Ada", "--pause", "3600", "--timeout", "10s", "--json"]
                )
                #expect(slow.exitCode == 4, "\(slow.complaint)")
                #expect(try slow.json()["output"]?["text"]?.string == "hello Ada\n")
            }
        }

        /// What a function does, and what comes out of it.
        private static let launching = [
            (#"printf 'a b' | launch tr a-z A-Z | sed 's/$/!/'; launch true"#, "A B!"),
            (#"launch -C /usr X=5 sh -c 'echo "$X $(pwd)"'; launch true"#, "5 /usr\n"),
            ("for i in {1..40}; do launch echo & done | wc -l; launch true", "40\n"),
            ("head -c 3000000 /dev/zero | launch cat | wc -c; yes | launch true; launch true", "3000000\n"),
            ("launch yes | head -n 1; launch true", "y\n"),
            ("launch cat; launch cat; launch true", "from outside\n"),
            // What the shell that waits is killed for, its command ends for.
            ("launch sleep 3600 & launch true; kill -9 $!; wait; launch true", ""),
            ("launch no-such-program || launch echo instead; launch true", "instead\n"),
        ]

        @Test(.sandboxed, .needs("/usr/bin/jq"))
        func `Functions in bash launch commands as if these ran there`() async throws {
            try await withTree { tree in
                let plugin = try await Example.runners[3].assemble(tree)
                for (body, output) in Self.launching {
                    let script = """
                        #!/bin/bash
                        . "$(dirname "$0")/../lib/ostler-plugin.bash"
                        runner() { \(body); }
                        executor runner runner
                        run_plugin runner 0.1.0

                        """
                    try tree.directory.write("sh-runner/bin/runner", script, mode: 0o755)
                    let options = ["run", "runner", "--plugin-path", plugin, "--json", "--payload", #"{"argv":["x"]}"#]
                    let json = try await tree.run(options, input: .text("from outside\n")).json()
                    #expect(json["outcome"] == "succeeded", "\(body): \(json.text)")
                    #expect(json["output"]?["text"]?.string == output, "\(body): \(json.text)")
                }
            }
        }

        @Test(.sandboxed, arguments: Example.runners)
        func `A plugin has commands run beside it`(_ example: Example) async throws {
            try await withTree { tree in
                let options = [
                    "run", "runner", "--plugin-path", try await example.assemble(tree), "--json", "--payload",
                ]
                let script = #"{"argv":["sh","-c","cat; echo err >&2; exit 7"]}"#
                let failed = try await tree.run(options + [script], input: .text("from outside\n"))
                #expect(try failed.json()["exit_code"]?.int == 7)
                #expect(try failed.json()["output"]?["text"]?.string == "from outside\n")
                #expect(try failed.json()["stderr"]?["text"]?.string == "err\n")
                let killed = try await tree.run(options + [#"{"argv":["sh","-c","kill -9 $$"]}"#])
                #expect(try killed.json()["signal"]?.int == 9)
                let missing = try await tree.run(options + [#"{"argv":["no-such-program"]}"#])
                #expect(try missing.json()["error"]?["code"]?.string == "command_not_found")
                let marker = Marker()
                let slow = try await onThread {
                    let payload = #"{"argv":["sleep","\#(marker.seconds)"]}"#
                    let child = try tree.start(options + [payload, "--run-timeout", "5s"])
                    #expect(marker.waitFor(1), "\(child.errors)")
                    return child.finish()
                }
                #expect(slow.exitCode == 4, "\(slow.complaint)")
                #expect(try slow.json()["error"]?["code"]?.string == "run_timeout")
                #expect(try slow.json()["cancel"]?["survivors"]?.string == "none")
                #expect(marker.processes.isEmpty)
            }
        }
    }
}
