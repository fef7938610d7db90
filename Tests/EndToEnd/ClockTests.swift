internal import Glibc
internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// The time of day is for people: no time limit hangs on it, wherever it jumps to.
    @Suite(.sandboxed, .needs("/usr/bin/cc"))
    struct ClockTests {
        /// A library that makes the time of day jump by a year at each look, forth or back. The other clocks go on.
        private static func jumpingClock(_ tree: InstalledTree, isForth: Bool) throws -> String {
            let source = try tree.directory.write(
                "jump.c",
                """
                #define _GNU_SOURCE
                #include <sys/syscall.h>
                #include <time.h>
                #include <unistd.h>

                int clock_gettime(clockid_t clock, struct timespec *now) {
                    static long years;
                    int result = (int)syscall(SYS_clock_gettime, clock, now);
                    if (clock == CLOCK_REALTIME) now->tv_sec += 31536000 * (JUMP * ++years);
                    return result;
                }
                """
            )
            let library = tree.directory.file("jump.so")
            let words = ["-shared", "-fPIC", isForth ? "-DJUMP=1" : "-DJUMP=-1", "-o", library, source]
            let status = exitStatus(of: "/usr/bin/cc", words)
            try #require(status == 0, "cc ended with \(status)")
            chmod(library, 0o755)
            return library
        }

        @Test(arguments: [true, false])
        func `A clock that jumps ends nothing early`(_ isForth: Bool) async throws {
            try await withTree { tree in
                let library = try Self.jumpingClock(tree, isForth: isForth)
                let tasks = (1...10).map {
                    "{\"id\":\"n\($0)\",\"executor\":\"command\",\"payload\":{\"command\":\"date\"}}\n"
                }
                try tree.directory.write("home/tasks.jsonl", tasks.joined())
                let result = try await tree.run(
                    [
                        "run", "--file", "tasks.jsonl", "--timeout", "1h", "--log-level", "debug", "--log-format",
                        "json",
                    ],
                    environment: ["LD_PRELOAD=" + library]
                )
                #expect(result.exitCode == 0, "\(result.complaint)")
                let results = try result.results()
                #expect(results.count == 10)
                // It did jump: no two tasks were submitted in the same year.
                let submitted = results.compactMap { $0["timing"]?["submitted_ms"]?.int }.sorted()
                for (earlier, later) in zip(submitted, submitted.dropFirst()) {
                    #expect(later - earlier > 360 * 86_400_000)
                }
                for result in results { #expect((result["timing"]?["running_us"]?.int ?? -1) > 0) }
            }
        }

        @Test(arguments: [true, false])
        func `A clock that jumps keeps no time limit from striking`(_ isForth: Bool) async throws {
            try await withTree { tree in
                let library = try Self.jumpingClock(tree, isForth: isForth)
                let result = try await tree.run(
                    ["run", "command", "--timeout", "5s", "--json", "--", "sleep", "300"],
                    environment: ["LD_PRELOAD=" + library]
                )
                #expect(result.exitCode == 4, "\(result.complaint)")
                let json = try result.json()
                #expect(json["outcome"]?.string == "timeout")
                // Not `timeout_waiting`: it ran, and there was something to end.
                #expect(json["error"]?["code"]?.string == "timeout", "\(result.text)")
                #expect((json["error"]?["limit"]?["observed"]?.int ?? 0) >= 5000)
                #expect(json["cancel"]?["survivors"]?.string == "none")
            }
        }

        /// As on a machine that has run for thirty years, where the time since its start has long left 32 bits. Only the
        /// one clock is shifted: by the other, launchers tell which runs are over.
        @Test(.asRoot, .needs("/usr/bin/unshare"))
        func `A machine that has run for long`() async throws {
            try await withTree { tree in
                var command = tree.command(["run", "command", "--timeout", "5s", "--json", "--", "sleep", "300"])
                let far = ["--time", "--fork", "--monotonic", "946080000", "--"]
                command.arguments = (far + [command.program]).map { Array($0.utf8) } + command.arguments
                command.program = "/usr/bin/unshare"
                let result = try await tree.run(command)
                #expect(result.exitCode == 4, "\(result.complaint)")
                let json = try result.json()
                #expect(json["error"]?["code"]?.string == "timeout", "\(result.text)")
                #expect((json["timing"]?["running_us"]?.int ?? .max) < 30_000_000)
            }
        }

        // MARK: A host that stands still

        /// Stops Ostler while its task waits for a file, lets `body` do what it wants, and lets it go on once the task's
        /// time is over.
        private func stopAndContinue(
            _ tree: InstalledTree,
            _ script: String,
            seconds: Int,
            isStill: @escaping @Sendable (Marker) -> Bool,
            _ body: @escaping @Sendable () throws -> Void
        ) async throws -> Finished {
            try tree.directory.makeDirectory("home/gate")
            let marker = Marker()
            let words = script.replacing("SECONDS", with: marker.seconds)
            return try await onThread {
                let start = ContinuousClock.now
                let child = try tree.start(
                    ["run", "command", "--json", "--timeout", "\(seconds)s", "--in", "gate", "--", "sh", "-c", words]
                )
                guard marker.waitFor(1, within: .seconds(20)) else { return child.finish(within: .zero) }
                child.send(SIGSTOP)
                try body()
                let over = start.advanced(by: .seconds(seconds + 1))
                eventuallyOnThread(within: .seconds(60)) { ContinuousClock.now >= over && isStill(marker) }
                child.send(SIGCONT)
                return child.finish(within: .seconds(30))
            }
        }

        @Test
        func `One that goes on after the time limit ends its task then`() async throws {
            try await withTree { tree in
                let result = try await stopAndContinue(tree, "sleep SECONDS", seconds: 10, isStill: { _ in true }) {}
                #expect(result.exitCode == 4, "\(result.complaint)")
                let json = try result.json()
                #expect(json["error"]?["code"]?.string == "timeout", "\(result.text)")
                #expect(json["error"]?["limit"]?["limit"]?.int == 10_000)
                #expect((json["error"]?["limit"]?["observed"]?.int ?? 0) > 10_000)
                #expect(json["cancel"]?["survivors"]?.string == "none")
            }
        }

        @Test
        func `What ended while it stood still has ended by itself`() async throws {
            try await withTree { tree in
                let script = "sleep SECONDS & while [ ! -e /in/gate/open ]; do sleep 0.02; done; kill $!; echo through"
                let result = try await stopAndContinue(tree, script, seconds: 12, isStill: { $0.processes.isEmpty }) {
                    try tree.directory.write("home/gate/open", "")
                }
                #expect(result.exitCode == 0, "\(result.complaint)")
                #expect(try result.json()["output"]?["text"]?.string == "through\n")
            }
        }
    }
}
