internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// Completion in the shells themselves, and the manual as `man` programs see it.
    @Suite
    struct ShellTests {
        /// Types into an interactive shell and returns what its terminal showed.
        private func type(_ tree: InstalledTree, _ shell: [String], _ keys: String) async throws -> String {
            try await onThread {
                let terminal = try Terminal()
                var command = Child.Command(shell[0], Array(shell.dropFirst()))
                command.directory = tree.home
                command.environment = [
                    "HOME=" + tree.home, "PATH=\(tree.prefix)/bin:/usr/bin:/bin", "LANG=C.UTF-8", "TERM=xterm",
                    "PS1=> ",
                ]
                command.descriptors = (terminal.theirs, terminal.theirs, terminal.theirs)
                try terminal.type(keys)
                let child = try Child(command)
                terminal.closeTheirs()
                let finished = child.finish()
                #expect(!finished.isOverdue)
                return terminal.read()
            }
        }

        private static let bash = ["/bin/bash", "--norc", "--noprofile", "-i"]
        private static let zsh = ["/usr/bin/zsh", "-f", "-i"]
        private static let loadBash = "source <(ostler completions bash)\n"
        private static let loadZsh = "autoload -Uz compinit; compinit -u -D; source <(ostler completions zsh)\n"

        @Test
        func `Bash completes commands, plugins, options, values and files`() async throws {
            try await withTree { tree in
                try tree.directory.write("home/other.yaml", "log: {level: info}\n")
                let plugin = try await type(tree, Self.bash, Self.loadBash + "ostler plu\tsh\tcomm\t\nexit\n")
                #expect(plugin.contains("executor command: "), "\(plugin)")
                let option = try await type(
                    tree,
                    Self.bash,
                    Self.loadBash + "ostler valid\tcom\t--env-m\tcl\t--conf\toth\t--working\t/ -- ls\nexit\n"
                )
                #expect(option.contains("ostler: valid"), "\(option)")
                let inline = try await type(
                    tree,
                    Self.bash,
                    Self.loadBash + "ostler validate command --env-mode=mini\t --config=oth\t -- ls\nexit\n"
                )
                #expect(inline.contains("ostler: valid"), "\(inline)")
            }
        }

        @Test(.needs("/usr/bin/zsh"))
        func `Zsh completes commands, plugins, options, values and files`() async throws {
            try await withTree { tree in
                try tree.directory.write("home/other.yaml", "log: {level: info}\n")
                let plugin = try await type(tree, Self.zsh, Self.loadZsh + "ostler plu\tsh\tcomm\t\nexit\n")
                #expect(plugin.contains("executor command: "), "\(plugin)")
                let option = try await type(
                    tree,
                    Self.zsh,
                    Self.loadZsh + "ostler valid\tcom\t--env-m\tcl\t--conf\toth\t--working\t/ -- ls\nexit\n"
                )
                #expect(option.contains("ostler: valid"), "\(option)")
                let inline = try await type(
                    tree,
                    Self.zsh,
                    Self.loadZsh + "ostler validate command --env-mode=mini\t --config=oth\t -- ls\nexit\n"
                )
                #expect(inline.contains("ostler: valid"), "\(inline)")
            }
        }

        @Test(
            .needs("/usr/bin/fish"),
            arguments: [
                ("ostler plu", ["plugin"]),
                (
                    "ostler plugin ",
                    [
                        "list", "show", "add", "remove", "new", "trust", "block", "unblock", "audit", "pack", "test",
                        "replay",
                    ]
                ),
                ("ostler plugin show c", ["command"]),
                ("ostler run --env-mode ", ["minimal", "clean"]), ("ostler run --env-mode=c", ["--env-mode=clean"]),
                ("ostler run command --working", ["--working-dir"]), ("ostler run --config oth", ["other.yaml"]),
                ("ostler run --config=oth", ["--config=other.yaml"]), ("ostler nothing", []),
            ]
        )
        func `Fish completes each place of a line`(line: String, expected: [String]) async throws {
            try await withTree { tree in
                try tree.directory.write("home/other.yaml", "")
                let script = "ostler completions fish | source; complete --do-complete \(quoted(line))"
                var command = Child.Command("/usr/bin/fish", ["--no-config", "--command", script])
                command.directory = tree.home
                command.environment = ["HOME=" + tree.home, "PATH=\(tree.prefix)/bin:/usr/bin:/bin", "LANG=C.UTF-8"]
                let result = try await tree.run(command)
                let words = result.lines.map { String($0.split(separator: "\t", omittingEmptySubsequences: false)[0]) }
                #expect(words == expected, "\(result.text) \(result.complaint)")
            }
        }

        private func quoted(_ text: String) -> String { "'" + text + "'" }

        @Test(arguments: ["bash", "zsh", "fish"])
        func `The scripts are as they were recorded`(shell: String) async throws {
            try await withTree { tree in
                try expectSnapshot(try await tree.run(["completions", shell]).text, "completions-\(shell).txt")
            }
        }

        @Test(.needs("/usr/bin/mandoc"))
        func `Every command has a manual page in which mandoc finds no fault`() async throws {
            try await withTree { tree in
                let directory = try tree.directory.makeDirectory("home/man")
                let made = try await tree.run(["manual", "man"])
                #expect(made.exitCode == 0, "\(made.complaint)")
                let names = namesOfDirectory(directory).sorted()
                #expect(
                    Set(["ostler.1", "ostler-run.1", "ostler-tasks-list.1", "ostler-worker.1"]).isSubset(of: names)
                )
                let pages = names.map { "\(directory)/\($0)" }
                // Without -W style: the date of a page is the version's business.
                let lint = try await tree.run(Child.Command("/usr/bin/mandoc", ["-T", "lint", "-W", "error"] + pages))
                #expect(lint.exitCode == 0, "\(lint.text)")
                let shown = try await tree.run(
                    Child.Command("/usr/bin/mandoc", ["-T", "ascii", "-O", "width=80", "\(directory)/ostler-run.1"])
                )
                let text = shown.text.replacing(/.\u{08}/, with: "")
                try expectSnapshot(text, "manual-run.txt")
                let nowhere = try await tree.run(["manual", "nowhere"])
                #expect(nowhere.exitCode == 5)
                #expect(nowhere.complaint.contains("nowhere/ostler.1: No such file or directory [output_failed]"))
            }
        }
    }
}
