internal import Glibc
internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// Large streams in and out, slow and hasty readers, full disks.
    @Suite(.serialized, .sandboxed)
    struct StreamTests {
        private static let bytes = 256 << 20
        /// `head -c 268435456 /dev/zero | sha256sum`
        private static let digest = "a6d72ac7690f53be6ae46ba88506bd97302a093f7108472bd9efc3cefda06484"

        @Test
        func `A quarter of a gibibyte streams in, in flat memory`() async throws {
            try await withTree { tree in
                try await onThread {
                    // The first command ends the endless stream; the second keeps the plugin there to be looked at.
                    let script = "head -c \(Self.bytes) | sha256sum; exec sleep 1000"
                    let child = try tree.start(["run", "command", "--", "sh", "-c", script], input: .file("/dev/zero"))
                    eventuallyOnThread(within: .seconds(60)) { child.output.contains("\n") || child.hasEnded }
                    #expect(child.output == Self.digest + "  -\n")
                    let family = Family(of: child.process, tree)
                    for member in [Victim.host, .launcher, .plugin] {
                        let process = try #require(family.process(member), "\(family)")
                        let peak = try #require(Self.peak(of: process), "\(member)")
                        #expect(peak > 0 && peak < 96 << 20, "\(member): \(peak)")
                    }
                    kill(child.process, SIGTERM)
                    #expect(!child.finish().isOverdue)
                }
            }
        }

        /// The largest resident set that a process has had, in bytes.
        private static func peak(of process: Int32) -> Int? {
            let status = String(decoding: (try? contents(ofFile: "/proc/\(process)/status")) ?? [], as: UTF8.self)
            let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
            return line?.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 << 10 }
        }

        @Test
        func `A file of any bytes has the same digest inside`() async throws {
            var random = SeededGenerator(seed: 11)
            let bytes = random.bytes(20_000_001)
            try await withTree { tree in
                let path = try tree.directory.write("home/input", bytes)
                let inside = try await tree.task(["sha256sum"], input: .file(path))
                let outside = try await tree.run(Child.Command("/usr/bin/sha256sum", [path]))
                #expect(inside.exitCode == 0, "\(inside.complaint)")
                #expect(inside.text.prefix(64) == outside.text.prefix(64))
            }
        }

        @Test
        func `A command that takes its input bit by bit gets all of it`() async throws {
            try await withTree { tree in
                let script =
                    "total=0; while n=$(head -c 10007 | wc -c); [ $n -gt 0 ]; do total=$((total + n)); done; echo $total"
                let bytes = [UInt8](repeating: 0x61, count: 3_000_000)
                let result = try await tree.task(["sh", "-c", script], input: .bytes(bytes))
                #expect(result.text == "3000000\n", "\(result.complaint)")
            }
        }

        @Test(arguments: [false, true])
        func `A command that closes its input early goes on without it`(fromFile: Bool) async throws {
            try await withTree { tree in
                let bytes = [UInt8](repeating: 0x61, count: 5 << 20)
                let path = try tree.directory.write("home/input", bytes)
                let script = "head -c 3; exec 0<&-; seq 1 100000 | tail -n 1"
                let input: Child.Input = fromFile ? .file(path) : .bytes(bytes)
                let result = try await tree.task(["sh", "-c", script], input: input)
                #expect(result.exitCode == 0, "\(result.complaint)")
                #expect(result.text == "aaa100000\n")
            }
        }

        // MARK: Full disks

        private func withSmallDisk(_ body: (InstalledTree, String) async throws -> Void) async throws {
            try await withTree { tree in
                let disk = try tree.directory.makeDirectory("home/disk")
                let options = ["-t", "tmpfs", "-o", "size=256k,mode=777", "tmpfs", disk]
                try #require(exitStatus(of: "/bin/mount", options) == 0)
                defer { umount2(disk, Int32(MNT_DETACH)) }
                try await body(tree, disk)
            }
        }

        @Test(.asRoot)
        func `A full disk behind --out is the command's to cope with`() async throws {
            try await withSmallDisk { tree, disk in
                let fill = "head -c 1000000 /dev/zero > /out/disk/large"
                let result = try await tree.task(["sh", "-c", fill], options: ["--json", "--out", disk]).json()
                #expect(result["outcome"]?.string == "failed", "\(result.text)")
                #expect(result["stderr"]?["text"]?.string?.contains("No space left on device") == true)
                #expect(result["limits_reached"] == nil)
                let next = try await tree.task(
                    ["sh", "-c", "rm /out/disk/large && echo fine"],
                    options: ["--out", disk]
                )
                #expect(next.text == "fine\n", "\(next.complaint)")
            }
        }

        @Test(.asRoot, arguments: [[], ["--json"], ["--events"]])
        func `Output that the caller's disk has no room for is no success`(options: [String]) async throws {
            try await withSmallDisk { tree, disk in
                let descriptor = open(disk + "/output", O_WRONLY | O_CREAT, 0o600)
                defer { close(descriptor) }
                var command = tree.command(
                    ["run", "command"] + options + ["--", "head", "-c", "1000000", "/dev/zero"]
                )
                command.descriptors.stdout = descriptor
                let result = try await tree.run(command)
                #expect(result.exitCode == 5, "\(result.complaint)")
                #expect(result.complaint.contains("stdout: No space left on device"), "\(result.complaint)")
                #expect(result.complaint.contains("output_lost"))
            }
        }

        @Test(.asRoot)
        func `Results that the caller's disk has no room for are no success`() async throws {
            try await withSmallDisk { tree, disk in
                let payload = #"{"executor":"command","payload":{"command":"seq","args":["20000"]}}"# + "\n"
                try tree.directory.write("home/tasks.jsonl", String(repeating: payload, count: 5))
                let descriptor = open(disk + "/results", O_WRONLY | O_CREAT, 0o600)
                defer { close(descriptor) }
                var command = tree.command(["run", "--file", "tasks.jsonl"])
                command.descriptors.stdout = descriptor
                let result = try await tree.run(command)
                #expect(result.exitCode == 5, "\(result.complaint)")
                #expect(result.complaint.contains("stdout: No space left on device"), "\(result.complaint)")
                #expect(result.complaint.contains("5 tasks: 5 succeeded"), "\(result.complaint)")
            }
        }
    }
}
