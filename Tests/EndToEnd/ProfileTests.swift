internal import Glibc
internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// The profiles beside `strict`, against the real programs.
    @Suite(.serialized)
    struct ProfileTests {
        /// Runs a shell command in a project with a config of its own.
        private static func run(
            _ config: String,
            _ script: String,
            user: Int32? = nil,
            options: [String] = [],
            prepare: (TemporaryDirectory) throws -> Void = { _ in },
            check: (JSONValue, TemporaryDirectory) throws -> Void
        ) async throws {
            try await withTree(user: user) { tree in
                let directory = tree.directory
                try directory.makeDirectory("home/project")
                try prepare(directory)
                try directory.write("home/config.yaml", config)
                for path in ["project", "project/.git", "project/.git/config"] {
                    if let user { chown(directory.file("home/" + path), uid_t(user), gid_t(user)) }
                }
                let words = ["run", "command", "--json", "--config", "../config.yaml"] + options
                var command = tree.command(words + ["--", "sh", "-c", script])
                command.directory = tree.home + "/project"
                let finished = try await tree.run(command)
                try check(try finished.json(), directory)
            }
        }

        private static func text(_ result: JSONValue) -> String { result["output"]?["text"]?.string ?? "" }

        private static func text(ofFile path: String) -> String? {
            (try? contents(ofFile: path)).map { String(decoding: $0, as: UTF8.self) }
        }

        private static func layer(_ name: String, _ result: JSONValue) -> JSONValue? {
            result["isolation"]?["layers"]?.array?.first { $0["layer"]?.string == name }
        }

        // MARK: workspace

        @Test(.sandboxed, .asRoot, arguments: [nil, 12345] as [Int32?])
        func `A workspace can be written, but not what other programs obey in it`(_ user: Int32?) async throws {
            let script = """
                pwd; echo made > new; cat .git/config
                echo x >> .git/config || echo kept; mv .git gone || echo stays; rm -rf .git/config || echo there
                echo x > ostler.yaml || echo own; ls -A "$HOME"; ls ../other
                """
            try await Self.run("sandbox: {profile: workspace}\n", script, user: user) { directory in
                try directory.makeDirectory("home/project/.git")
                try directory.write("home/project/.git/config", "[core]\n")
                try directory.write("home/other", "secret")
            } check: { result, directory in
                let project = directory.file("home/project")
                #expect(Self.text(result) == project + "\n[core]\nkept\nstays\nthere\n", "\(result.text)")
                #expect(result["isolation"]?["profile"]?.string == "workspace")
                #expect(Self.text(ofFile: project + "/new") == "made\n")
                #expect(Self.text(ofFile: project + "/.git/config") == "[core]\n")
                var status = stat()
                #expect(stat(project + "/new", &status) == 0 && status.st_uid == uid_t(user ?? 0))
            }
        }

        /// A view can protect only what exists: so it is told.
        @Test(.sandboxed) func `A control file that was not there is told of when a command makes it`() async throws {
            let script = "mkdir .git; echo 'profile: host' > ostler.yaml; rm ostler.yaml; touch .envrc new"
            try await Self.run("sandbox: {profile: workspace}\n", script) { directory in
                try directory.write("home/project/.husky", "")
            } check: { result, directory in
                let project = directory.file("home/project")
                #expect(result["outcome"]?.string == "succeeded", "\(result.text)")
                let made = result["control_files_made"]?.array?.compactMap(\.string)
                #expect(made == [project + "/.git", project + "/.envrc"], "\(result.text)")
            }
            try await Self.run("sandbox: {profile: workspace}\n", "touch new") { result, _ in
                #expect(result["control_files_made"] == nil, "\(result.text)")
            }
        }

        @Test(.sandboxed) func `A control file that is a link is no workspace's`() async throws {
            try await Self.run("sandbox: {profile: workspace}\n", "true") { directory in
                try directory.link("home/project/.envrc", to: "/etc/hostname")
            } check: { result, _ in
                #expect(result["outcome"]?.string == "sandbox_error", "\(result.text)")
                #expect(result["error"]?["hint"]?.string?.contains("symbolic link") == true, "\(result.text)")
            }
        }

        // MARK: a profile of one's own

        @Test(.sandboxed) func `What a profile grants is there, and nothing beside it`() async throws {
            let script = "cat ~/given/a; cat $GIVEN/a; echo x > $GIVEN/a || echo no; echo y > $TAKEN/b; pwd"
            try await withTemporaryDirectory { other in
                chmod(other.path, 0o755)
                try other.makeDirectory("given")
                try other.makeDirectory("taken")
                try other.write("given/a", "granted\n")
                let (given, taken) = (other.file("given"), other.file("taken"))
                let config =
                    "sandbox: {profile: own, profiles: {own: {extends: strict, ro: [\(given)], rw: [\(taken)], "
                    + "env: {GIVEN: \(given), TAKEN: \(taken)}}}}\n"
                try await Self.run(config, script) { result, _ in
                    #expect(Self.text(result) == "granted\nno\n/work\n", "\(result.text)")
                    #expect(result["isolation"]?["profile"]?.string == "own")
                    #expect(result["isolation"]?["extends"]?.string == "strict")
                    #expect(Self.text(ofFile: taken + "/b") == "y\n")
                }
            }
        }

        // MARK: network

        @Test(.sandboxed, .asRoot, arguments: [nil, 12345] as [Int32?])
        func `Loopback is the sandbox's own`(_ user: Int32?) async throws {
            let config = "sandbox: {profile: net, profiles: {net: {extends: strict, network: loopback}}}\n"
            let (listener, port) = try Self.listen()
            defer { close(listener) }
            let script = """
                python3 -c 'import socket
                s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
                c = socket.create_connection(s.getsockname()); c.send(b"to myself"); print(s.accept()[0].recv(99).decode())
                try: socket.create_connection(("127.0.0.1", \(port)))
                except ConnectionRefusedError: print("nobody else")'
                """
            try await Self.run(config, script, user: user) { result, _ in
                #expect(Self.text(result) == "to myself\nnobody else\n", "\(result.text)")
                let mechanism = Self.layer("network_namespace", result)?["mechanism"]?.string
                #expect(mechanism == "network namespace of its own, loopback up")
            }
            try await Self.run(config, script, user: user, options: ["--profile", "strict"]) { result, _ in
                #expect(result["exit_code"]?.int == 1, "\(result.text)")
                #expect(
                    result["stderr"]?["text"]?.string?.contains("PermissionError") == true
                        || result["stderr"]?["text"]?.string?.contains("OSError") == true
                )
            }
        }

        /// A port of the machine's loopback.
        private static func listen() throws -> (socket: Int32, port: UInt16) {
            let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let done = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    bind(listener, address, size) == 0 && Glibc.listen(listener, 1) == 0
                        && getsockname(listener, address, &size) == 0
                }
            }
            guard done else { throw TestSupportFailure("listen", "127.0.0.1") }
            return (listener, UInt16(bigEndian: address.sin_port))
        }

        // MARK: contained

        @Test(.sandboxed, .asRoot, arguments: [nil, 12345] as [Int32?])
        func `What is contained has its own directory and little else`(_ user: Int32?) async throws {
            let script = """
                touch here; ls "$HOME"; cd "$TMPDIR"; touch there && ls
                cat /etc/passwd || echo "no accounts"; ls \(user == nil ? "/root" : "/tmp") || echo "no files"
                (setsid sleep 600 &); exit 3
                """
            try await Self.run("sandbox: {profile: contained}\n", script, user: user) { result, _ in
                #expect(Self.text(result) == "here\nthere\nno accounts\nno files\n", "\(result.text)")
                #expect(result["exit_code"]?.int == 3)
                #expect(result["isolation"]?["profile"]?.string == "contained")
                #expect(Self.layer("landlock", result)?["enforced"]?.bool == true)
                #expect(Self.layer("pid_namespace", result)?["asked"]?.string == "no")
                #expect(Self.layer("pid_namespace", result)?["enforced"]?.bool == false)
            }
            await eventually("the end of what was left") {
                processes(whoseCommandLineHolds: "ostler-scratch-").isEmpty
            }
        }

        @Test(
            .sandboxed,
            .asRoot,
            arguments: [("contained", nil), ("contained", 12345), ("host", nil)] as [(String, Int32?)]
        )
        func `A time-out ends all that runs without a pid namespace, and claims no proof`(
            _ profile: String,
            _ user: Int32?
        ) async throws {
            let mark = "7\(UInt32.random(in: 10_000_000...99_999_999))"
            let script = "trap '' TERM; setsid sleep \(mark) & sleep \(mark)"
            let config = "sandbox: {profile: \(profile), allow_host: true}\ntasks: {grace: 200ms}\n"
            try await Self.run(config, script, user: user, options: ["--timeout", "5s"]) { result, _ in
                #expect(result["outcome"]?.string == "timeout", "\(result.text)")
                #expect(result["cancel"]?["stage"]?.string == "kill")
                #expect(result["cancel"]?["survivors"]?.string == "unverified")
            }
            #expect(processes(whoseCommandLineHolds: mark).isEmpty)
        }

        @Test(.sandboxed) func `Lists of programs need a view`() async throws {
            let config = "executors: {command: {allowed_commands: [sh, ls]}}\nsandbox: {profile: contained}\n"
            try await Self.run(config, "true") { result, _ in
                #expect(result["outcome"]?.string == "sandbox_error", "\(result.text)")
                #expect(result["error"]?["message"]?.string?.contains("program_lists") == true, "\(result.text)")
            }
        }

        @Test(.sandboxed) func `Without a view there is no in and no out`() async throws {
            let config = "sandbox: {profile: contained}\n"
            try await Self.run(config, "true", options: ["--in", "/etc/hostname"]) { result, _ in
                #expect(result["error"]?["code"]?.string == "no_view", "\(result.text)")
            }
        }

        // MARK: host

        @Test(.sandboxed) func `Host is the caller's own rights, and its certificate claims nothing`() async throws {
            let config = "sandbox: {profile: host, allow_host: true}\n"
            try await Self.run(config, "pwd; id -u; ls ..; echo $HOME") { result, directory in
                let home = directory.file("home")
                let expected = "\(home)/project\n\(geteuid())\nconfig.yaml\nproject\n\(home)\n"
                #expect(Self.text(result) == expected, "\(result.text)")
                let layers = result["isolation"]?["layers"]?.array ?? []
                #expect(layers.count > 20 && layers.allSatisfy { $0["enforced"]?.bool == false })
            }
            try await Self.run(config, "true", options: ["--require", "seccomp"]) { result, _ in
                #expect(result["outcome"]?.string == "sandbox_error", "\(result.text)")
                #expect(result["error"]?["message"]?.string?.contains("seccomp") == true)
            }
        }

        @Test(.sandboxed) func `Nobody gets less than the config's fence`() async throws {
            for profile in ["workspace", "contained", "host"] {
                try await Self.run("", "true", options: ["--profile", profile]) { result, _ in
                    #expect(result["outcome"]?.string == "denied", "\(result.text)")
                    #expect(result["error"]?["code"]?.string == "sandbox_denied")
                }
            }
            try await Self.run("sandbox: {allow_contained: true}\n", "echo $HOME", options: ["--profile", "contained"])
            {
                result,
                _ in
                #expect(Self.text(result).contains("ostler-scratch-"), "\(result.text)")
            }
        }
    }
}
