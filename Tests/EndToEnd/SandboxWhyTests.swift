internal import Glibc
internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// `ostler sandbox why` says what is so: a command inside, which tries it, comes to the same.
    @Suite(.sandboxed)
    struct SandboxWhyTests {
        /// What a command could do, told or tried.
        private struct Rights: Equatable {
            let read: Bool
            let write: Bool
            let execute: Bool
        }

        private static let isLong = Surroundings.environment("OSTLER_LONG") == "1"
        private static let count = isLong ? 500 : 60
        private static let users: [Int32?] = geteuid() == 0 ? [nil, 12345] : [nil]

        @Test(
            arguments: [[], ["--allow", "python3", "--allow", "ls"], ["--block", "rm", "--block", "perl"]],
            users
        )
        func `What is said of random paths and programs is what can be done with them`(
            lists: [String],
            user: Int32?
        ) async throws {
            try await withTree(user: user) { tree in
                let options = try Self.prepare(tree) + lists
                // Short runs ask the same each time: what they find, the next one finds again.
                let seed = Self.isLong ? UInt64.random(in: 1 ... .max) : 1
                let questions = Self.questions(tree, seed: seed)
                let told = try await Self.told(tree, options, questions)
                let tried = try await Self.tried(tree, options, questions)
                try #require(told.count == questions.count && tried.count == questions.count)
                for index in questions.indices {
                    #expect(told[index] == tried[index], "\(questions[index]), seed \(seed)")
                }
                #expect(Set(told.map(\.read)).count == 2, "not all answers are the same")
            }
        }

        /// Files of all permissions in granted directories, and the command that tries.
        private static func prepare(_ tree: InstalledTree) throws -> [String] {
            for place in ["read", "write"] {
                let directory = try tree.directory.makeDirectory("home/" + place)
                if let user = tree.user { chown(directory, uid_t(user), gid_t(user)) }
                for mode: mode_t in [0o000, 0o400, 0o444, 0o555, 0o600, 0o644, 0o755, 0o111, 0o200] {
                    let name = "home/\(place)/" + String(mode, radix: 8)
                    let path = try tree.directory.write(name, "#!/bin/sh\n", mode: mode)
                    chmod(path, mode)
                    if let user = tree.user { chown(path, uid_t(user), gid_t(user)) }
                }
            }
            try tree.directory.write("home/read/try.py", attempt)
            return ["--ro", "read", "--rw", "write"]
        }

        /// Tries each line of its file. What is started is killed as soon as it runs.
        private static let attempt = """
            import errno, os, signal, sys

            def opens(path, flags):
                try:
                    os.close(os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC))
                    return True
                except OSError as error:
                    return error.errno == errno.ENXIO

            def makes(directory):
                name = os.path.join(directory, ".made-by-a-test")
                if not opens(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL):
                    return False
                os.unlink(name)
                return True

            def executes(path):
                ours, theirs = os.pipe()
                child = os.fork()
                if child == 0:
                    try:
                        null = os.open("/dev/null", os.O_RDWR)
                        for number in (0, 1, 2):
                            os.dup2(null, number)
                        os.execve(path, [path, "--version"], {"PATH": "/usr/bin"})
                    except OSError as error:
                        os.write(theirs, str(error.errno).encode())
                    os._exit(1)
                os.close(theirs)
                problem = os.read(ours, 16)
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                os.close(ours)
                # A file of a format that is not known may be executed all the same, as far as rights go.
                return not problem or int(problem) == errno.ENOEXEC

            def find(question):
                if "/" in question:
                    return question
                paths = [part + "/" + question for part in os.environ["PATH"].split(":")]
                good = [path for path in paths if os.path.isfile(path) and executes(path)]
                return (good + [path for path in paths if os.path.exists(path)] + paths)[0]

            for line in open(sys.argv[1]):
                path = find(line.rstrip("\\n"))
                if os.path.isdir(path):
                    answer = (opens(path, os.O_RDONLY | os.O_DIRECTORY), makes(path), False)
                else:
                    answer = (opens(path, os.O_RDONLY), opens(path, os.O_WRONLY), executes(path))
                print(*map(int, answer))

            """

        private static func questions(_ tree: InstalledTree, seed: UInt64) -> [String] {
            var random = SeededGenerator(seed: seed)
            let home = tree.home
            let fixed = [
                "/", "/etc/passwd", "/etc/shadow", "/root", "/proc/version", "/proc/keys", "/proc/1/environ",
                "/dev/null",
                "/dev/full", "/tmp", "/work", "/var/tmp", "/usr", "/run", "rm", "ls", "perl", "python3", "busybox",
                "nothing",
                "./nothing", "/usr/bin/../bin/ls", "/bin/rm", "/usr/bin/perl", "/proc/self/root/usr/bin/rm", home,
                "/usr/share/doc", "/lib64/ld-linux-x86-64.so.2", "/sys", "/home", "/usr/bin/python3",
            ]
            let places = [
                "/usr/bin", "/usr/sbin", "/usr/lib", "/usr/share", "/etc", "/usr/lib/x86_64-linux-gnu", home + "/read",
                home + "/write",
            ]
            let listed = places.map { place in (place, namesOfDirectory(place).sorted()) }
            var questions = fixed
            while questions.count < max(count, fixed.count + 20) {
                guard let (place, names) = listed.randomElement(using: &random),
                    let name = names.randomElement(using: &random)
                else { continue }
                let isProgram = place.hasSuffix("bin") && Bool.random(using: &random)
                questions.append(isProgram ? name : place + "/" + name)
            }
            return questions.filter { !$0.contains("\n") && !$0.contains("\u{FFFD}") }
        }

        private static func told(
            _ tree: InstalledTree,
            _ options: [String],
            _ questions: [String]
        ) async throws -> [Rights] {
            let words = ["sandbox", "why", "--json"] + options + ["--"] + questions
            let result = try await tree.run(words)
            #expect(result.exitCode == 0, "\(result.complaint)")
            return try result.results().map { answer in
                Rights(
                    read: answer["read"]?["allowed"]?.bool == true,
                    write: answer["write"]?["allowed"]?.bool == true,
                    execute: answer["execute"]?["allowed"]?.bool == true
                )
            }
        }

        private static func tried(
            _ tree: InstalledTree,
            _ options: [String],
            _ questions: [String]
        ) async throws -> [Rights] {
            try tree.directory.write("home/read/questions", questions.joined(separator: "\n") + "\n")
            let place = tree.home + "/read/"
            let argv = ["python3", place + "try.py", place + "questions"]
            let result = try await tree.run(["sandbox", "run"] + options + ["--"] + argv)
            #expect(result.exitCode == 0, "\(result.complaint)")
            return result.lines.map { line in
                let words = line.split(separator: " ")
                return Rights(read: words[0] == "1", write: words[1] == "1", execute: words[2] == "1")
            }
        }

        @Test
        func `An answer names the line of the plan that decides, and who said so`() async throws {
            try await withTree { tree in
                try tree.directory.write("home/ostler.yaml", "executors:\n  command:\n    blocked_commands: [rm]\n")
                let rm = try await tree.run(["sandbox", "why", "rm"])
                #expect(rm.text.contains("rm is /usr/bin/rm"), "\(rm.text)")
                #expect(rm.text.contains("execute  no: it is hidden"), "\(rm.text)")
                #expect(rm.text.contains("hidden /usr/bin/rm (ostler.yaml:3:"), "\(rm.text)")
                #expect(rm.text.contains("denied   command \"rm\""), "\(rm.text)")
                let here = try await tree.run(["sandbox", "why", "--ro", ".", tree.home, "--json"]).json()
                #expect(here["decided_by"]?["origin"]?.string == "--ro")
                #expect(here["write"]?["allowed"]?.bool == false)
                let nothing = try await tree.run(["sandbox", "why", "/root/.ssh"])
                #expect(nothing.exitCode == 0 && nothing.text.contains("nothing is there"), "\(nothing.text)")
            }
        }
    }
}
