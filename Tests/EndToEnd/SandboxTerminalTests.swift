internal import Glibc
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// `ostler sandbox run` on a terminal.
    @Suite(.sandboxed)
    struct SandboxTerminalTests {
        /// A program on a terminal of the test's.
        private struct Session {
            let terminal: Terminal
            let child: Child
            let modes: [UInt8]

            init(_ tree: InstalledTree, _ argv: [String]) throws { try self.init(tree, [], argv) }

            init(_ tree: InstalledTree, _ options: [String], _ argv: [String]) throws {
                terminal = try Terminal()
                terminal.resize(rows: 31, columns: 77)
                modes = terminal.modes
                let words = ["sandbox", "run"] + options + ["--"] + argv
                var command = tree.command(words, environment: ["TERM=xterm"])
                let end = terminal.theirs
                command.descriptors = (end, end, end)
                child = try Child(command)
            }

            /// Reads what is left once the program has ended; the terminal must be as it was.
            func finish() -> (finished: Finished, shown: String) {
                let finished = child.finish(within: .seconds(30))
                #expect(!finished.isOverdue)
                #expect(terminal.modes == modes, "the terminal is not as it was")
                terminal.closeTheirs()
                return (finished, terminal.read())
            }
        }

        private static let loop = "while :; do sleep 0.05; done"

        @Test
        func `A command has a terminal of its own, of the same size and kind`() async throws {
            try await withTree { tree in
                let shown = try await onThread {
                    let script =
                        "stty size; echo $TERM; test -t 2 && echo stderr; sh -c 'exec 3<> /dev/tty && echo controlling'"
                    return try Session(tree, ["sh", "-c", script]).finish()
                }
                let lines = shown.shown.split(separator: "\r\n").map(String.init)
                #expect(lines == ["31 77", "xterm", "stderr", "controlling"], "\(shown.shown)")
                #expect(shown.finished.exitCode == 0)
            }
        }

        @Test
        func `The caller's terminal cannot be reached through it`() async throws {
            try await withTree { tree in
                let argv = ["stat", "-L", "-c", "%i", "/proc/self/fd/0", "/proc/self/fd/1", "/proc/self/fd/2"]
                for (option, isOwn) in [("--pty", true), ("--no-pty", false)] {
                    let (nodes, callers) = try await onThread {
                        let session = try Session(tree, [option], argv)
                        var status = stat()
                        #expect(fstat(session.terminal.theirs, &status) == 0)
                        let shown = session.finish().shown
                        return (Set(shown.split(separator: "\r\n").map(String.init)), "\(status.st_ino)")
                    }
                    #expect(nodes.count == 1, "\(nodes)")
                    #expect(nodes.contains(callers) == !isOwn, "\(option): \(nodes), the caller's is \(callers)")
                }
            }
        }

        @Test
        func `Nobody types into either terminal`() async throws {
            try await withTree { tree in
                try tree.directory.write(
                    "home/type.py",
                    """
                    import fcntl, termios
                    for name, request in (("TIOCSTI", termios.TIOCSTI), ("TIOCLINUX", 0x541C)):
                        try:
                            fcntl.ioctl(0, request, b"x")
                            print(name, "typed")
                        except OSError as error:
                            print(name, error.errno)

                    """
                )
                for option in ["--pty", "--no-pty"] {
                    let shown = try await onThread {
                        try Session(tree, [option, "--ro", "type.py"], ["python3", tree.home + "/type.py"]).finish()
                    }
                    #expect(shown.shown == "TIOCSTI 1\r\nTIOCLINUX 1\r\n", "\(option): \(shown.shown)")
                }
            }
        }

        @Test
        func `A change of size is passed on`() async throws {
            try await withTree { tree in
                let shown = try await onThread {
                    let script = "trap 'stty size; exit 0' WINCH; echo ready; \(Self.loop)"
                    let session = try Session(tree, ["sh", "-c", script])
                    #expect(session.terminal.wait(for: "ready").contains("ready"))
                    session.terminal.resize(rows: 50, columns: 120)
                    session.child.send(SIGWINCH)
                    return session.finish()
                }
                #expect(shown.shown.contains("50 120"), "\(shown.shown)")
            }
        }

        @Test
        func `Keys that make signals make them inside`() async throws {
            try await withTree { tree in
                let shown = try await onThread {
                    let script = "trap 'echo caught; exit 9' INT; echo ready; \(Self.loop)"
                    let session = try Session(tree, ["sh", "-c", script])
                    #expect(session.terminal.wait(for: "ready").contains("ready"))
                    #expect(session.terminal.isRaw)
                    try session.terminal.type("\u{3}")
                    return session.finish()
                }
                #expect(shown.finished.exitCode == 9)
                #expect(shown.shown.contains("caught"), "\(shown.shown)")
            }
        }

        @Test
        func `What is typed arrives, and Ctrl-D ends it`() async throws {
            try await withTree { tree in
                let shown = try await onThread {
                    let session = try Session(tree, ["sh", "-c", "stty -echo; echo ready; cat"])
                    #expect(session.terminal.wait(for: "ready").contains("ready"))
                    // Ctrl-Z stops nobody where no shell inside has jobs.
                    try session.terminal.type("\u{1A}hello\n\u{4}")
                    return session.finish()
                }
                #expect(shown.finished.exitCode == 0)
                #expect(shown.shown.contains("hello"), "\(shown.shown)")
            }
        }

        @Test
        func `A program that takes the whole screen works`() async throws {
            try await withTree { tree in
                try tree.directory.write(
                    "home/screen.py",
                    """
                    import curses
                    def main(screen):
                        rows, columns = screen.getmaxyx()
                        screen.addstr(3, 5, f"{rows} by {columns}, press a key")
                        screen.refresh()
                        key = screen.getkey()
                        screen.addstr(4, 5, "key " + key)
                        screen.refresh()
                    curses.wrapper(main)

                    """
                )
                let (drawn, shown) = try await onThread {
                    let session = try Session(tree, ["--ro", "screen.py"], ["python3", tree.home + "/screen.py"])
                    let drawn = session.terminal.wait(for: "press a key")
                    try session.terminal.type("k")
                    return (drawn, session.finish())
                }
                #expect(drawn.contains("31 by 77, press a key"), "\(drawn)")
                #expect(shown.shown.contains("key k"), "\(shown.shown)")
                #expect(shown.finished.exitCode == 0)
            }
        }

        @Test(arguments: [SIGTERM, SIGHUP, SIGKILL])
        func `The terminal is given back whatever happens to the program`(signal: Int32) async throws {
            try await withTree { tree in
                let marker = Marker()
                try await onThread {
                    let session = try Session(tree, marker.argv())
                    #expect(marker.waitFor(2))
                    eventuallyOnThread("a raw terminal") { session.terminal.isRaw }
                    session.child.send(signal)
                    #expect(!session.child.finish(within: .seconds(30)).isOverdue)
                    #expect(
                        eventuallyOnThread(within: .seconds(30)) { session.terminal.modes == session.modes },
                        "the terminal is not as it was"
                    )
                    #expect(
                        eventuallyOnThread(within: .seconds(30)) { marker.processes.isEmpty },
                        "the command lives on"
                    )
                    session.terminal.closeTheirs()
                }
            }
        }

        @Test
        func `Stopped from outside, everything stands still and the terminal is the shell's`() async throws {
            try await withTree { tree in
                let shown = try await onThread {
                    let script = "echo ready; read line; echo got $line"
                    let session = try Session(tree, ["sh", "-c", script])
                    #expect(session.terminal.wait(for: "ready").contains("ready"))
                    session.child.send(SIGTSTP)
                    let stopped = eventuallyOnThread(within: .seconds(30)) {
                        Self.state(of: session.child.process) == "T"
                    }
                    #expect(stopped, "\(Self.state(of: session.child.process))")
                    #expect(session.terminal.modes == session.modes)
                    session.child.send(SIGCONT)
                    #expect(eventuallyOnThread(within: .seconds(30)) { session.terminal.isRaw })
                    try session.terminal.type("more\n")
                    return session.finish()
                }
                #expect(shown.shown.contains("got more"), "\(shown.shown)")
                #expect(shown.finished.exitCode == 0)
            }
        }

        private static func state(of process: Int32) -> String {
            let text = (try? contents(ofFile: "/proc/\(process)/stat")) ?? []
            let fields = String(decoding: text, as: UTF8.self).split(separator: ")").last?.split(separator: " ")
            return fields?.first.map(String.init) ?? ""
        }

        @Test
        func `Where stdout is a pipe there is no terminal, unless it is asked for`() async throws {
            try await withTree { tree in
                let script = "test -t 1 && echo terminal || echo none"
                let plain = try await tree.run(["sandbox", "run", "--", "sh", "-c", script])
                #expect(plain.text == "none\n")
                let asked = try await tree.run(["sandbox", "run", "--pty", "--", "sh", "-c", script])
                #expect(asked.text == "terminal\r\n", "\(asked.complaint)")
                let words = ["sandbox", "run", "--pty", "--", "sh", "-c", "stty -echo -onlcr; cat"]
                let fed = try await tree.run(words, input: .text("from a pipe"))
                #expect(fed.text.hasSuffix("from a pipe"), "\(fed.text)")
                #expect(fed.exitCode == 0)
            }
        }
    }
}
