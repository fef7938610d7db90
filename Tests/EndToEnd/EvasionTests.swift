internal import Glibc
internal import OstlerJSON
internal import OstlerTestSupport
internal import Synchronization
internal import Testing

extension EndToEnd {
    /// Ways around the lists of programs. Each way is first shown to work where there are no lists.
    @Suite(.sandboxed)
    struct EvasionTests {
        /// Who runs Ostler: whoever runs the tests and, from root, an ordinary user.
        private static let users: [Int32?] = geteuid() == 0 ? [nil, 12345] : [nil]

        /// Name and command line of each way to run `rm -f /tmp/victim`. The sandbox's work directory is its home.
        private static let ways: [(name: String, line: String)] = [
            ("path", "/bin/rm -f $V"), ("dotted path", "/usr/bin/../bin/./rm -f $V"),
            ("relative path", "cd /usr/bin && ./rm -f $V"), ("name", "rm -f $V"),
            ("symbolic link", "$HOME/soft -f $V"), ("relative symbolic link", "./soft -f $V"),
            ("hard link", "$HOME/hard -f $V"), ("copy", "$HOME/copy -f $V"),
            ("copy made inside", "cat $HOME/copy > /tmp/made; chmod +x /tmp/made; /tmp/made -f $V"),
            ("shell", "sh -c 'rm -f /tmp/victim'"), ("find", "find $V -exec rm -f {} ';'"),
            ("env", "env rm -f $V"), ("xargs", "echo $V | xargs rm -f"), ("busybox", "busybox rm -f $V"),
            ("busybox by its loader", "$L $HOME/busybox rm -f $V || $HOME/busybox rm -f $V"),
            ("script", "cat $HOME/script > $V; chmod +x $V; $V"), ("script at work", "$HOME/script $V"),
            ("loader", "$L /bin/rm -f $V"), ("loader of a copy", "$L $HOME/copy -f $V"),
            ("loader of a link", "$L $HOME/soft -f $V"),
            ("descriptor", "exec 9< $HOME/copy; /proc/self/fd/9 -f $V"),
            ("loader of a descriptor", "exec 9< $HOME/copy; $L /proc/self/fd/9 -f $V"),
            ("root of a process", "/proc/self/root/bin/rm -f $V"), ("PATH", "PATH=$HOME; copy -f $V"),
            ("upper case", "PATH=$HOME:$PATH; RM -f $V"), ("dotted name", "PATH=$HOME:$PATH; .rm -f $V"),
            ("memory file", "python3 $HOME/memory.py"), ("loader of a memory file", "python3 $HOME/memory.py $L"),
        ]

        /// Every way with a victim of its own; only what a shell has built in is used around them.
        private static let script = """
            export V=/tmp/victim
            for L in /lib64/ld-linux-*.so.* /lib/ld-linux-*.so.*; do [ -e "$L" ] && break; done
            export L
            way() {
                echo victim > $V
                sh -c "$2" > /dev/null 2>&1 < /dev/null
                if [ -e $V ]; then echo "$1: kept"; else echo "$1: gone"; fi
            }

            """ + ways.map { "way '\($0.name)' \(quoted($0.line))\n" }.joined()

        private static func quoted(_ word: String) -> String {
            "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
        }

        private static let preload = """
            LD_PRELOAD=$HOME/preload.so sh -c '
                while read -r line; do case $line in *r-x*$HOME/preload.so) echo mapped;; esac; done < /proc/self/maps'
            """

        private static let memory = """
            import os, sys
            file = os.memfd_create("x", 0)
            os.write(file, open(os.environ["HOME"] + "/copy", "rb").read())
            os.set_inheritable(file, True)
            name = f"/proc/self/fd/{file}"
            words = sys.argv[1:] + [name]
            os.execve(words[0], words + ["-f", "/tmp/victim"], {})
            """

        @Test(arguments: users)
        func `Without lists every way leads to the program`(_ user: Int32?) async throws {
            try await withTree(user: user) { tree in
                let results = try await Self.attempt(tree, lists: "{}")
                for way in Self.ways { #expect(results.text.contains("\(way.name): gone\n"), "\(results.complaint)") }
                #expect(results.text.hasSuffix("mapped\n"), "\(results.text)")
            }
        }

        @Test(
            arguments: users,
            ["{allowed_commands: [sh, ls]}", "{allowed_commands: [sh, ls, python3]}", "{blocked_commands: [rm]}"]
        )
        func `No way leads to a program that is not allowed`(_ user: Int32?, _ lists: String) async throws {
            try await withTree(user: user) { tree in
                let results = try await Self.attempt(tree, lists: lists)
                let expected = Self.ways.map { "\($0.name): kept\n" }.joined()
                #expect(results.text == expected, "\(results.complaint)")
            }
        }

        @Test(arguments: users)
        func `Where the work directory is opened, what it holds can be executed, and it shows`(
            _ user: Int32?
        ) async throws {
            try await withTree(user: user) { tree in
                let lists = "{allowed_commands: [sh], exec_workdir: true}"
                let results = try await Self.attempt(tree, lists: lists)
                #expect(results.text.contains("copy: gone\n"), "\(results.complaint)")
                #expect(results.text.contains("path: kept\n"))
                #expect(results.text.contains("memory file: kept\n"))
                let own = try await tree.task(["./true-copy"], options: ["--workdir", "job", "--json"])
                let layers = try own.json()["isolation"]?["layers"]?.array
                let layer = try #require(layers?.first { $0["layer"]?.string == "program_lists" })
                #expect(layer["enforced"]?.bool == false)
                #expect(layer["mechanism"]?.string?.contains("exec_workdir") == true)
                #expect(own.exitCode == 0, "\(own.complaint)")
            }
        }

        /// The link is turned over while tasks are judged and started; each of them either runs what is allowed or nothing.
        @Test(arguments: users)
        func `A link that changes between check and start leads to nothing else`(_ user: Int32?) async throws {
            try await withTree(user: user) { tree in
                try Self.fill(tree)
                try tree.directory.write("home/ostler.yaml", "executors: {command: {blocked_commands: [rm]}}\n")
                let task = #"{"executor":"command","payload":{"command":"./race","args":["-f","victim"]}}"# + "\n"
                try tree.directory.write("home/tasks.jsonl", String(repeating: task, count: 60))
                let link = tree.home + "/job/race"
                #expect(symlink("/usr/bin/true", link) == 0)
                let isTurning = Switch()
                async let turns = onThread { Self.turn(link, ["/usr/bin/rm", "/usr/bin/true"], while: isTurning) }
                // Behind the thread, and so before it is waited for, whatever is thrown.
                defer { isTurning.turnOff() }
                let options = ["run", "--file", "tasks.jsonl", "--workdir", "job", "--keep-going"]
                let finished = try await tree.run(options)
                isTurning.turnOff()
                #expect(try await turns > 60)
                let outcomes = try finished.lines.map { try JSONValue(parsing: $0)["outcome"]?.string ?? "" }
                #expect(outcomes.count == 60, "\(finished.complaint)")
                // What is turned over between the launcher's check and the start fails to start.
                #expect(Set(outcomes).isSubset(of: ["succeeded", "denied", "failed"]), "\(outcomes)")
                #expect(access(tree.home + "/job/victim", F_OK) == 0)
            }
        }

        /// Answers how often the link was turned over. There is always one: a new link takes the place of the old.
        private static func turn(_ link: String, _ targets: [String], while isTurning: Switch) -> Int {
            let next = link + ".next"
            var turns = 0
            while isTurning.isOn {
                if symlink(targets[turns % targets.count], next) == 0, rename(next, link) == 0 { turns += 1 }
            }
            return turns
        }

        private static func attempt(_ tree: InstalledTree, lists: String) async throws -> Finished {
            try fill(tree)
            try tree.directory.write("home/ostler.yaml", "executors: {command: \(lists)}\n")
            return try await tree.task(["sh", "-c", script + preload], options: ["--workdir", "job"])
        }

        private static func fill(_ tree: InstalledTree) throws {
            let program = try contents(ofFile: "/usr/bin/rm")
            try tree.directory.makeDirectory("home/job")
            for name in ["copy", "RM", ".rm"] { try tree.directory.write("home/job/\(name)", program, mode: 0o755) }
            try tree.directory.write("home/job/true-copy", contents(ofFile: "/usr/bin/true"), mode: 0o755)
            try tree.directory.write("home/job/busybox", contents(ofFile: "/usr/bin/busybox"), mode: 0o755)
            try tree.directory.link("home/job/soft", to: "/usr/bin/rm")
            try tree.directory.script("home/job/script", "#!/bin/rm -f\n")
            try tree.directory.write("home/job/memory.py", memory)
            try tree.directory.write("home/job/victim", "victim")
            // The library of another program; what matters is whether it can be mapped.
            let library = try #require(
                ["/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu", "/lib64"].lazy
                    .map { $0 + "/libselinux.so.1" }.first { access($0, R_OK) == 0 }
            )
            try tree.directory.write("home/job/preload.so", contents(ofFile: library), mode: 0o755)
            // Only on one file system is there a hard link; another copy takes its place.
            if link("/usr/bin/rm", tree.home + "/job/hard") != 0 {
                try tree.directory.write("home/job/hard", program, mode: 0o755)
            }
            guard let user = tree.user else { return }
            for name in namesOfDirectory(tree.home + "/job") where name != "hard" {
                lchown(tree.home + "/job/" + name, uid_t(user), gid_t(user))
            }
            chown(tree.home + "/job", uid_t(user), gid_t(user))
        }
    }
}

/// Whether something that runs beside a test is to go on.
private final class Switch: Sendable {
    private let state = Mutex(true)

    var isOn: Bool { state.withLock { $0 } }
    func turnOff() { state.withLock { $0 = false } }
}
