internal import Glibc
internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// A store that cannot be used, as the command line tells it: each its own code, what to do, and nothing lost.
    @Suite
    struct StoreTroubleTests {
        private func submit(_ tree: InstalledTree, _ store: String) async throws -> Finished {
            try await tree.run(["submit", "command", "--store", store, "--", "true"])
        }

        private func expect(
            _ result: Finished,
            _ code: String,
            exitCode: Int32,
            hint: String,
            sourceLocation: SourceLocation = #_sourceLocation
        ) {
            #expect(result.exitCode == exitCode, "\(result.complaint)", sourceLocation: sourceLocation)
            #expect(result.text == "", sourceLocation: sourceLocation)
            #expect(result.complaint.contains("[\(code)]"), "\(result.complaint)", sourceLocation: sourceLocation)
            #expect(result.complaint.contains(hint), "\(result.complaint)", sourceLocation: sourceLocation)
        }

        /// Has all of a store be in its one file.
        private func settle(_ tree: InstalledTree, _ store: String) async throws {
            try #require(try await tree.run(["gc", "--vacuum", "--store", store]).exitCode == 0)
        }

        private func tasks(_ tree: InstalledTree, _ store: String) async throws -> [Int64] {
            let list = try await tree.run(["tasks", "list", "--json", "--limit", "10000", "--store", store]).json()
            return (list["tasks"]?.array ?? []).compactMap { $0["task"]?.int }
        }

        /// A file system in memory of so many bytes at `home/small`.
        private func withSmallDisk(_ tree: InstalledTree, _ body: (String) async throws -> Void) async throws {
            let place = try tree.directory.makeDirectory("home/small")
            try #require(exitStatus(of: "/bin/mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", place]) == 0)
            defer { umount2(place, Int32(MNT_DETACH)) }
            try await body(place)
        }

        @Test(.enabled(if: geteuid() == 0, "only root can mount"))
        func `A full disk refuses what is new, and keeps what was accepted`() async throws {
            try await withTree { tree in
                try await withSmallDisk(tree) { place in
                    let store = place + "/tasks.db"
                    let kept = try await submit(tree, store)
                    try #require(kept.lines == ["1"], "\(kept.complaint)")
                    let word = String(repeating: "x", count: 100_000)
                    let line = #"{"executor":"command","payload":{"command":"echo","args":["\#(word)"]}}"# + "\n"
                    try tree.directory.write("home/large.jsonl", String(repeating: line, count: 40).utf8)
                    let refused = try await tree.run(["submit", "--file", "large.jsonl", "--store", store])
                    expect(refused, "store_full", exitCode: 5, hint: "make room on that file system")
                    #expect(try await tasks(tree, store) == [1])
                    try #require(exitStatus(of: "/bin/mount", ["-o", "remount,size=32m", place]) == 0)
                    #expect(
                        try await tree.run(["submit", "--file", "large.jsonl", "--store", store]).lines.count == 40
                    )
                    #expect(try await tasks(tree, store).count == 41)
                }
            }
        }

        @Test(.enabled(if: geteuid() == 0, "only root can mount"))
        func `A read-only file system is told as one`() async throws {
            try await withTree { tree in
                try await withSmallDisk(tree) { place in
                    let store = place + "/tasks.db"
                    _ = try await submit(tree, store)
                    try await settle(tree, store)
                    try #require(exitStatus(of: "/bin/mount", ["-o", "remount,ro", place]) == 0)
                    let refused = try await submit(tree, store)
                    expect(refused, "store_read_only", exitCode: 5, hint: "mount the file system for writing")
                    try #require(exitStatus(of: "/bin/mount", ["-o", "remount,rw", place]) == 0)
                    #expect(try await tasks(tree, store) == [1])
                }
            }
        }

        @Test(.needs("/usr/bin/python3"))
        func `A store that another process keeps locked is told after a bounded wait`() async throws {
            try await withTree { tree in
                try tree.directory.write("home/ostler.yaml", "store: {lock_timeout: 50ms}\n".utf8)
                let store = tree.home + "/tasks.db"
                _ = try await submit(tree, store)
                let script =
                    "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
                    + "c.execute('BEGIN IMMEDIATE'); print('held', flush=True); sys.stdin.read()"
                var command = Child.Command("/usr/bin/python3", ["-c", script, store])
                command.input = .open
                let holder = try Child(command)
                eventuallyOnThread { holder.output.contains("held") }
                expect(try await submit(tree, store), "store_locked", exitCode: 5, hint: "fuser -v")
                #expect(try await tasks(tree, store) == [1], "reading goes on")
                holder.closeInput()
                _ = holder.finish()
                #expect(try await submit(tree, store).lines == ["2"])
            }
        }

        @Test(arguments: [(UInt8(99), "store_too_new", "the version of ostler that wrote it")])
        func `A schema of another version is refused`(version: UInt8, code: String, hint: String) async throws {
            try await withTree { tree in
                let store = tree.home + "/tasks.db"
                _ = try await submit(tree, store)
                try await settle(tree, store)
                let whole = try tree.directory.read("home/tasks.db")
                var other = whole
                // PRAGMA user_version: the last of four bytes, the most significant first.
                other[63] = version
                try tree.directory.write("home/tasks.db", other)
                expect(try await submit(tree, store), code, exitCode: 3, hint: hint)
                let listed = try await tree.run(["tasks", "list", "--store", store])
                expect(listed, code, exitCode: 3, hint: hint)
                #expect(try tree.directory.read("home/tasks.db") == other, "it was not touched")
                try tree.directory.write("home/tasks.db", whole)
                #expect(try await tasks(tree, store) == [1])
            }
        }

        @Test
        func `A file that was cut short or written over is told as damaged`() async throws {
            try await withTree { tree in
                let store = tree.home + "/tasks.db"
                _ = try await submit(tree, store)
                try await settle(tree, store)
                let whole = try tree.directory.read("home/tasks.db")
                try tree.directory.write("home/tasks.db", whole.prefix(8192))
                expect(try await submit(tree, store), "store_corrupt", exitCode: 5, hint: ".recover")
                var spoilt = whole
                for place in 4096..<spoilt.count { spoilt[place] = 0xA5 }
                try tree.directory.write("home/tasks.db", spoilt)
                expect(try await submit(tree, store), "store_corrupt", exitCode: 5, hint: ".recover")
                #expect(try tree.directory.read("home/tasks.db") == spoilt, "it was not touched")
            }
        }

        @Test
        func `What is no store is neither used nor changed`() async throws {
            try await withTree { tree in
                let letter = Array(String(repeating: "Dear store, I am a letter. ", count: 50).utf8)
                try tree.directory.write("home/letter", letter, mode: 0o600)
                let refused = try await submit(tree, tree.home + "/letter")
                expect(refused, "store_not_ours", exitCode: 3, hint: "name another file")
                #expect(try tree.directory.read("home/letter") == letter)
                let nowhere = try await submit(tree, tree.home + "/no/tasks.db")
                expect(nowhere, "store_unreachable", exitCode: 5, hint: "its directory must be there")
            }
        }

        @Test(arguments: [0o666, 0o602])
        func `A store that everybody can write to is not used`(mode: mode_t) async throws {
            try await withTree { tree in
                let store = tree.home + "/tasks.db"
                _ = try await submit(tree, store)
                chmod(store, mode)
                expect(try await submit(tree, store), "store_unsafe", exitCode: 3, hint: "not writable by others")
                chmod(store, 0o600)
                #expect(try await tasks(tree, store) == [1])
            }
        }

        @Test(.enabled(if: geteuid() == 0, "only root can give a file away"))
        func `A store that belongs to somebody else is not used`() async throws {
            try await withTree { tree in
                let store = tree.home + "/tasks.db"
                _ = try await submit(tree, store)
                chown(store, 12345, 12345)
                expect(try await submit(tree, store), "store_unsafe", exitCode: 3, hint: "make it yours")
            }
        }
    }
}
