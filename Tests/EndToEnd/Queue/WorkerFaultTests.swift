internal import Glibc
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerStore
internal import OstlerTasks
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// What a worker does when its store fails.
    @Suite(.sandboxed)
    struct WorkerFaultTests {
        private static let isLong = Surroundings.environment("OSTLER_LONG") == "1"

        @Test(.asRoot) func `A full disk ends the worker and what it runs, and the next one settles it`() async throws {
            let marker = Marker()
            try await withQueue { rig in
                try await withSmallDisk(rig) { disk in
                    let rig = try QueueRig(rig, storePath: disk + "/tasks.db")
                    let task = try await rig.submit([QueueRig.command("long", ["sleep", marker.seconds])])[0]
                    try await onThread {
                        let worker = try rig.worker()
                        #expect(marker.waitFor(1))
                        try Self.fill(disk + "/filler")
                        let finished = worker.finish(within: .seconds(60))
                        #expect(finished.exitCode == 5, "\(finished.complaint)")
                        #expect(finished.complaint.contains("[store_full]"), "\(finished.complaint)")
                        #expect(marker.processes.isEmpty)
                        unlink(disk + "/filler")
                        let next = try rig.worker()
                        try rig.waitUntilDone([task], serving: [next])
                        #expect(try rig.outcomes(of: [task]) == [.lost])
                        next.send(SIGTERM)
                        #expect(next.finish().exitCode == 0)
                    }
                }
            }
        }

        /// The store waits ten seconds for others by itself, and the worker as long again.
        @Test(.enabled(if: isLong, "long: it waits for time to pass"))
        func `A worker that cannot write for too long ends what it runs`() async throws {
            let marker = Marker()
            try await withQueueOnThread([QueueRig.command("long", ["sleep", marker.seconds])]) { rig, tasks in
                let worker = try rig.worker()
                #expect(marker.waitFor(1))
                let holder = try Child(Self.locking(rig.storePath))
                let finished = worker.finish(within: .seconds(90))
                #expect(finished.exitCode == 5, "\(finished.complaint)")
                #expect(finished.complaint.contains("[store_locked]"), "\(finished.complaint)")
                #expect(marker.processes.isEmpty)
                holder.closeInput()
                #expect(holder.finish().exitCode == 0)
                let next = try rig.worker()
                try rig.waitUntilDone(tasks, serving: [next])
                #expect(try rig.outcomes(of: tasks) == [.lost])
                next.send(SIGTERM)
                #expect(next.finish().exitCode == 0)
            }
        }

        /// Holds a transaction open until the end of its input.
        private static func locking(_ path: String) -> Child.Command {
            let program = """
                import sqlite3, sys
                store = sqlite3.connect(sys.argv[1], isolation_level=None)
                store.execute("PRAGMA busy_timeout = 60000")
                store.execute("BEGIN IMMEDIATE")
                sys.stdin.read()
                """
            var command = Child.Command("/usr/bin/python3", ["-c", program, path])
            command.input = .open
            return command
        }

        /// Takes all room that is left.
        private static func fill(_ path: String) throws {
            let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw TestSupportFailure("open", path) }
            defer { close(descriptor) }
            let zeros = [UInt8](repeating: 0, count: 4096)
            while write(descriptor, zeros, zeros.count) == zeros.count {}
        }

        /// A file system of its own with little room.
        private func withSmallDisk(_ rig: QueueRig, _ body: (String) async throws -> Void) async throws {
            let disk = try rig.tree.directory.makeDirectory("disk")
            #expect(exitStatus(of: "/bin/mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", disk]) == 0)
            // A reader that is still open keeps a file system from being taken away: it goes with its last one.
            defer { #expect(exitStatus(of: "/bin/umount", ["-l", disk]) == 0) }
            try await body(disk)
        }
    }
}
