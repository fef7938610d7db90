internal import Glibc
internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// `ostler sandbox run` where there is no terminal.
    @Suite(.sandboxed)
    struct SandboxRunTests {
        private static let users: [Int32?] = geteuid() == 0 ? [nil, 12345] : [nil]

        private func run(
            _ tree: InstalledTree,
            _ argv: [String],
            environment: [String] = [],
            input: Child.Input = .empty
        ) async throws -> Finished {
            try await run(tree, [], argv, environment: environment, input: input)
        }

        private func run(
            _ tree: InstalledTree,
            _ options: [String],
            _ argv: [String],
            environment: [String] = [],
            input: Child.Input = .empty
        ) async throws -> Finished {
            try await tree.run(["sandbox", "run"] + options + ["--"] + argv, environment: environment, input: input)
        }

        @Test(arguments: users)
        func `A command's exit code, and the number of its signal, are passed on`(user: Int32?) async throws {
            try await withTree(user: user) { tree in
                for (script, code) in [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137), ("kill -15 $$", 143)] {
                    let result = try await run(tree, ["sh", "-c", script])
                    #expect(result.exitCode == Int32(code), "\(script): \(result.complaint)")
                    #expect(result.complaint == "")
                }
            }
        }

        @Test
        func `What is not there or no program has an exit code of its own, and a reason`() async throws {
            try await withTree { tree in
                let cases: [(argv: [String], code: Int32, word: String)] = [
                    (["no-such-program"], 127, "command_not_found"), (["/etc/passwd"], 126, "command_not_executable"),
                    (["/root/x"], 127, "command_not_found"),
                ]
                for (argv, code, word) in cases {
                    let result = try await run(tree, argv)
                    #expect(result.exitCode == code)
                    #expect(result.complaint.contains(word), "\(result.complaint)")
                }
            }
        }

        @Test
        func `No plugin is needed, and none is looked for`() async throws {
            try await withTree { tree in
                #expect(rename(tree.plugin, tree.directory.file("elsewhere")) == 0)
                let result = try await run(tree, ["--log-level", "debug"], ["echo", "ran"])
                #expect(result.text == "ran\n")
                #expect(!result.complaint.contains("plugin"), "\(result.complaint)")
            }
        }

        @Test(arguments: users)
        func `Bytes come and go as they are, by the caller's own descriptors`(user: Int32?) async throws {
            try await withTree(user: user) { tree in
                var random = SeededGenerator(seed: 1)
                let bytes = random.bytes(300_000)
                let file = try tree.directory.write("bytes", bytes)
                let copy = try await run(tree, ["cat"], input: .file(file))
                let isCopy = copy.output == bytes
                #expect(isCopy, "\(copy.output.count) bytes")
                let piped = try await run(tree, ["cat"], input: .bytes(bytes))
                let isPiped = piped.output == bytes
                #expect(isPiped, "\(piped.output.count) bytes")
                var status = stat()
                #expect(stat(file, &status) == 0)
                let own = try await run(tree, ["stat", "-L", "-c", "%i", "/proc/self/fd/0"], input: .file(file))
                #expect(own.text == "\(status.st_ino)\n")
            }
        }

        @Test
        func `Arguments need not be text`() async throws {
            try await withTree { tree in
                var command = tree.command(["sandbox", "run", "--", "printf", "%s"])
                command.arguments.append([0xFF, 0xFE, 0x41])
                let output = try await tree.run(command).output
                #expect(output == [0xFF, 0xFE, 0x41])
            }
        }

        @Test
        func `Nothing of the caller is seen but what is granted`() async throws {
            try await withTree { tree in
                try tree.directory.write("home/secret", "secret\n")
                let script = "env; ls / /home /root \(tree.home) 2>&1"
                let result = try await run(tree, ["sh", "-c", script], environment: ["TOKEN=hidden"])
                #expect(!result.text.contains("hidden") && !result.text.contains("secret\n"), "\(result.text)")
                let given = try await run(
                    tree,
                    ["--env", "TOKEN=shown", "--ro", "secret"],
                    ["sh", "-c", "echo $TOKEN; cat \(tree.home)/secret"]
                )
                #expect(given.text == "shown\nsecret\n", "\(given.complaint)")
            }
        }

        @Test(arguments: users)
        func `A path is seen where it is, and written only if it was given so`(user: Int32?) async throws {
            try await withTree(user: user) { tree in
                for name in ["read", "write", "write/inner"] {
                    let path = try tree.directory.makeDirectory("home/" + name)
                    if let user { chown(path, uid_t(user), gid_t(user)) }
                }
                let script = "pwd; for d in read write write/inner; do echo x > $d/new && echo wrote $d; done"
                let options = ["--ro", ".", "--rw", "write", "--ro", "write/inner"]
                let result = try await run(tree, options, ["sh", "-c", script])
                #expect(result.lines == [tree.home, "wrote write"], "\(result.text) \(result.complaint)")
                #expect(access(tree.directory.file("home/write/new"), F_OK) == 0)
                #expect(access(tree.directory.file("home/read/new"), F_OK) != 0)
                let work = try await run(tree, ["--workdir", "write"], ["sh", "-c", "pwd; ls"])
                #expect(work.lines == ["/work", "inner", "new"])
            }
        }

        @Test(arguments: [
            (["--ro", "/"], "the root is the sandbox's own"), (["--rw", "/proc/self"], "processes of the host"),
            (["--ro", "/dev/null"], "devices are not granted"), (["--rw", "/tmp"], "/tmp is the sandbox's own"),
            (["--ro", "nothing"], "No such file or directory"), (["--limit", "memory"], "write it as NAME=VALUE"),
            (["--limit", "memroy=1GiB"], "memory"), (["--limit", "memory=x"], "--limit memory=x"),
            (["--limit", "output=1MiB"], "uncounted"), (["--pty", "--no-pty"], "not both"),
            (["--require", "seccmp"], "seccomp"), (["--env", "x"], "KEY=VALUE"), (["--timeout", "x"], "--timeout"),
            (["--workdir", "/etc/passwd"], "no directory"), (["--network", "lopback"], "did you mean \"loopback\"?"),
        ])
        func `What cannot be given is refused before anything runs`(options: [String], word: String) async throws {
            try await withTree { tree in
                let result = try await run(tree, options, ["echo", "ran"])
                #expect(result.exitCode == 3)
                #expect(result.text == "")
                #expect(result.complaint.contains(word), "\(result.complaint)")
            }
        }

        @Test(arguments: users)
        func `The profile workspace shows the caller's directory, and tells of control files that were made`(
            user: Int32?
        ) async throws {
            try await withTree(user: user) { tree in
                var command = tree.command([
                    "sandbox", "run", "--json", "--profile", "workspace", "--", "sh", "-c", "echo x > .envrc",
                ])
                command.directory = try tree.directory.makeDirectory("home/project")
                chown(tree.directory.file("home/project"), uid_t(user ?? 0), gid_t(user ?? 0))
                let result = try await tree.run(command)
                #expect(result.exitCode == 0, "\(result.complaint)")
                let lines = result.complaint.split(separator: "\n")
                #expect(
                    lines.first?.contains("/.envrc was made, which other programs obey") == true,
                    "\(result.complaint)"
                )
                let report = try JSONValue(parsing: String(lines.last ?? ""))
                #expect(report["control_files_made"]?.array?.count == 1, "\(result.complaint)")
            }
        }

        /// Nor could an ordinary user be shown a directory without what is mounted below it.
        @Test(.asRoot, arguments: users)
        func `What is mounted below a granted directory is granted with it`(user: Int32?) async throws {
            try await withTree(user: user) { tree in
                let granted = try tree.directory.makeDirectory("home/granted/inner")
                let (outer, inner) = (tree.directory.file("home/granted"), granted)
                try tree.directory.write("home/granted/outer-file", "")
                #expect(exitStatus(of: "/bin/mount", ["-t", "tmpfs", "-o", "mode=0755", "none", inner]) == 0)
                defer { _ = exitStatus(of: "/bin/umount", [inner]) }
                try tree.directory.write("home/granted/inner/inner-file", "")
                let script = "cd \(outer) && echo * */*; echo x > inner/new || echo read-only"
                let result = try await run(tree, ["--ro", outer], ["sh", "-c", script])
                #expect(result.lines == ["inner outer-file inner/inner-file", "read-only"], "\(result.complaint)")
            }
        }

        /// Its mode would let everybody write it: what was opened for reading alone stays so all the same.
        @Test(arguments: users)
        func `A file that is given for reading cannot be opened anew for writing`(user: Int32?) async throws {
            try await withTree(user: user) { tree in
                let file = try tree.directory.write("home/input", "as it was\n")
                #expect(chmod(file, 0o666) == 0)
                let script =
                    "head -c 2 /proc/self/fd/0; : >/proc/self/fd/0 && echo emptied; echo x >>/dev/stdin && echo written"
                let result = try await run(tree, ["sh", "-c", script], input: .file(file))
                #expect(result.text == "as", "\(result.complaint)")
                #expect(try contents(ofFile: file) == Array("as it was\n".utf8))
            }
        }

        /// A stream that was given for writing may be named by its path in /dev, as many scripts do.
        @Test(arguments: users)
        func `A file that is given for writing can be opened anew`(user: Int32?) async throws {
            try await withTree(user: user) { tree in
                let file = try tree.directory.write("home/output", "")
                #expect(chmod(file, 0o666) == 0)
                let output = open(file, O_WRONLY | O_APPEND)
                defer { close(output) }
                let script = "echo one; echo two >>/dev/stdout; echo three >>/proc/self/fd/1"
                var command = tree.command(["sandbox", "run", "--", "sh", "-c", script])
                command.descriptors.stdout = output
                let result = try await tree.run(command)
                #expect(result.exitCode == 0, "\(result.complaint)")
                #expect(try contents(ofFile: file) == Array("one\ntwo\nthree\n".utf8))
            }
        }

        @Test
        func `A directory as a stream is refused`() async throws {
            try await withTree { tree in
                let result = try await run(tree, ["ls"], input: .file("/"))
                #expect(result.exitCode == 3)
                #expect(result.complaint.contains("stream_is_directory"), "\(result.complaint)")
            }
        }

        @Test
        func `Lists of programs come from options, and from the configuration`() async throws {
            try await withTree { tree in
                let inner = try await run(tree, ["--allow", "sh"], ["sh", "-c", "echo in; /bin/ls /; echo $?"])
                #expect(inner.lines == ["in", "127"], "\(inner.text)")
                let denied = try await run(tree, ["--block", "rm"], ["rm", "x"])
                #expect(denied.exitCode == 3 && denied.complaint.contains("command_denied"), "\(denied.complaint)")
                try tree.directory.write("home/ostler.yaml", "executors: {command: {blocked_commands: [ls]}}\n")
                #expect(try await run(tree, ["ls", "/"]).exitCode == 3)
                let blocked = try await run(tree, ["--allow", "sh", "--allow", "ls"], ["ls", "/"])
                #expect(blocked.exitCode == 3, "a block list of the configuration stays")
                #expect(try await run(tree, ["--allow", "id"], ["id", "-u"]).text == "1000\n")
            }
        }

        @Test
        func `Limits of the command line hold`() async throws {
            try await withTree { tree in
                let options = ["--limit", "open_files=33", "--limit", "file_size=4KiB", "--limit", "tmp=1MiB"]
                let script = "ulimit -n; head -c 9000 /dev/zero > /tmp/x; echo $?"
                let result = try await run(tree, options, ["sh", "-c", script])
                #expect(result.lines == ["33", "153"], "\(result.text) \(result.complaint)")
            }
        }

        @Test
        func `A loopback of its own is there if it is asked for`() async throws {
            try await withTree { tree in
                let script = """
                    import socket
                    server = socket.create_server(("127.0.0.1", 0))
                    socket.create_connection(server.getsockname()).sendall(b"hello")
                    print(server.accept()[0].recv(5).decode())
                    """
                let argv = ["python3", "-c", script]
                #expect(try await run(tree, ["--network", "loopback"], argv).text == "hello\n")
                #expect(try await run(tree, ["--network", "none"], argv).exitCode == 1)
                try tree.directory.write("home/ostler.yaml", "sandbox: {profile: host, allow_host: true}\n")
                let refused = try await run(tree, ["--network", "none"], argv)
                #expect(refused.exitCode == 3 && refused.complaint.contains("network_unavailable"))
                #expect(refused.text == "")
            }
        }

        @Test
        func `A command that takes too long is ended, with all that it has started`() async throws {
            try await withTree { tree in
                try tree.directory.write("home/ostler.yaml", "tasks: {grace: 100ms}\n")
                for stubborn in [false, true] {
                    let marker = Marker()
                    let result = try await onThread {
                        let words = ["sandbox", "run", "--timeout", "5s", "--"]
                        let child = try tree.start(words + marker.argv(stubborn: stubborn))
                        #expect(marker.waitFor(2), "\(child.errors)")
                        return child.finish()
                    }
                    #expect(result.exitCode == 4)
                    #expect(result.complaint.contains("within 5s"), "\(result.complaint)")
                    #expect(marker.processes.isEmpty)
                }
            }
        }

        @Test(arguments: [(SIGTERM, false), (SIGTERM, true), (SIGHUP, false), (SIGINT, false)] as [(Int32, Bool)])
        func `A signal ends the command and leaves nothing behind`(signal: Int32, stubborn: Bool) async throws {
            try await withTree { tree in
                try tree.directory.write("home/ostler.yaml", "tasks: {grace: 100ms}\n")
                let marker = Marker()
                let result = try await onThread {
                    let child = try tree.start(["sandbox", "run", "--"] + marker.argv(stubborn: stubborn))
                    #expect(marker.waitFor(2), "\(child.errors)")
                    child.send(signal)
                    return child.finish(within: .seconds(30))
                }
                #expect(!result.isOverdue)
                #expect(result.exitCode == 128 + signal, "\(result.complaint)")
                #expect(marker.processes.isEmpty)
            }
        }

        @Test
        func `A command decides itself what an interrupt means`() async throws {
            try await withTree { tree in
                let result = try await onThread {
                    let script = "trap 'echo caught; exit 9' INT; echo ready; while :; do sleep 0.05; done"
                    let child = try tree.start(["sandbox", "run", "--", "sh", "-c", script])
                    let deadline = ContinuousClock.now.advanced(by: .seconds(30))
                    while !child.output.contains("ready"), ContinuousClock.now < deadline { child.serve(20) }
                    child.send(SIGINT)
                    return child.finish(within: .seconds(30))
                }
                #expect(result.exitCode == 9)
                #expect(result.text == "ready\ncaught\n")
            }
        }

        @Test
        func `When the program is killed nothing of the command stays`() async throws {
            try await withTree { tree in
                let marker = Marker()
                try await onThread {
                    let child = try tree.start(["sandbox", "run", "--"] + marker.argv())
                    #expect(marker.waitFor(2), "\(child.errors)")
                    child.send(SIGKILL)
                    #expect(child.finish(within: .seconds(30)).signal == SIGKILL)
                }
                await eventually("the end of the command") { marker.processes.isEmpty }
            }
        }

        @Test
        func `The report says how it ended and what was enforced`() async throws {
            try await withTree { tree in
                let good = try await run(tree, ["--report", "report.json"], ["sh", "-c", "exit 3"])
                #expect(good.exitCode == 3 && good.complaint == "")
                let text = String(
                    decoding: try contents(ofFile: tree.directory.file("home/report.json")),
                    as: UTF8.self
                )
                let report = try JSONValue(parsing: text)
                #expect(report["outcome"]?.string == "failed")
                #expect(report["exit_code"]?.int == 3)
                let layers = report["isolation"]?["layers"]?.array ?? []
                #expect(layers.contains { $0["layer"]?.string == "seccomp" && $0["enforced"]?.bool == true })
                try expectSnapshot(report.shape().joined(separator: "\n") + "\n", "sandbox-report-shape.txt")

                let told = try await run(tree, ["--json"], ["echo", "x"])
                #expect(told.text == "x\n")
                #expect(try JSONValue(parsing: told.complaint)["outcome"]?.string == "succeeded")

                let nowhere = try await run(tree, ["--report", "no/where"], ["echo", "ran"])
                #expect(nowhere.exitCode == 3 && nowhere.text == "", "\(nowhere.complaint)")
            }
        }

        @Test
        func `A layer that cannot be had is told, and nothing runs`() async throws {
            try await withTree { tree in
                var command = tree.command(["sandbox", "run", "--", "echo", "ran"])
                command.environment.append("OSTLER_LIBEXEC=/nowhere")
                let result = try await tree.run(command)
                #expect(result.exitCode == 5 && result.text == "")
                #expect(result.complaint.contains("sandbox_unavailable"), "\(result.complaint)")
            }
        }
    }
}
