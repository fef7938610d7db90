internal import Glibc
internal import OstlerJSON
internal import OstlerSystem
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// Signals to a run in the middle of its work.
    @Suite(.sandboxed)
    struct InterruptTests {
        private static func tasks(_ count: Int, _ marker: Marker, stubborn: Bool = false) -> String {
            (1...count).map { marker.taskLine("n\($0)", stubborn: stubborn) }.joined()
        }

        private func interrupt(
            _ tree: InstalledTree,
            _ marker: Marker,
            _ arguments: [String],
            input: Child.Input = .empty,
            running: Int,
            _ signals: [(signal: Int32, after: String?)]
        ) async throws -> Finished {
            let finished = try await onThread {
                let child = try tree.start(arguments, input: input)
                #expect(marker.waitFor(running), "only \(marker.processes.count) run: \(child.errors)")
                for (signal, after) in signals {
                    if let after { eventuallyOnThread { child.errors.contains(after) } }
                    child.send(signal)
                }
                return child.finish(within: .seconds(30), keepsInputOpen: true)
            }
            #expect(!finished.isOverdue)
            #expect(marker.processes.isEmpty)
            return finished
        }

        @Test(arguments: [(SIGINT, 130), (SIGTERM, 143), (SIGHUP, 129)] as [(Int32, Int32)])
        func `A signal cancels what runs and leaves the rest`(signal: Int32, code: Int32) async throws {
            try await withTree { tree in
                let marker = Marker()
                try tree.directory.write("home/tasks.jsonl", Self.tasks(10, marker))
                let result = try await interrupt(
                    tree,
                    marker,
                    ["run", "--file", "tasks.jsonl", "--jobs", "3"],
                    running: 6,
                    [(signal, nil)]
                )
                #expect(result.exitCode == code, "\(result.complaint)")
                let results = try result.results()
                #expect(results.count == 3)
                for result in results {
                    #expect(result["outcome"]?.string == "cancelled")
                    #expect(result["cancel"]?["survivors"]?.string == "none")
                }
                #expect(result.complaint.contains("interrupted: 7 tasks were not started"), "\(result.complaint)")
            }
        }

        @Test
        func `Of what comes line by line nothing more is read`() async throws {
            try await withTree { tree in
                let marker = Marker()
                let result = try await interrupt(
                    tree,
                    marker,
                    ["run", "--file", "-", "--jobs", "4"],
                    input: .bytes(Array(Self.tasks(2, marker).utf8)),
                    running: 4,
                    [(SIGINT, nil)]
                )
                #expect(result.exitCode == 130)
                #expect(try result.results().count == 2)
                #expect(result.complaint.contains("interrupted: what was not read was not started"))
            }
        }

        @Test
        func `A second signal kills at once what does not heed the first`() async throws {
            try await withTree { tree in
                let marker = Marker()
                try tree.directory.write("home/ostler.yaml", "tasks: {grace: 100s}\n")
                try tree.directory.write("home/tasks.jsonl", Self.tasks(2, marker, stubborn: true))
                let result = try await interrupt(
                    tree,
                    marker,
                    ["run", "--file", "tasks.jsonl", "--jobs", "2"],
                    running: 4,
                    [(SIGINT, nil), (SIGINT, "once more to kill it at once")]
                )
                #expect(result.exitCode == 130, "\(result.complaint)")
                let results = try result.results()
                #expect(results.count == 2)
            }
        }

        @Test(arguments: [(SIGINT, 130), (SIGTERM, 143), (SIGHUP, 129)] as [(Int32, Int32)])
        func `A single task is cancelled, too`(signal: Int32, code: Int32) async throws {
            try await withTree { tree in
                let marker = Marker()
                let result = try await interrupt(
                    tree,
                    marker,
                    ["run", "command", "--json", "--"] + marker.argv(),
                    running: 2,
                    [(signal, nil)]
                )
                #expect(result.exitCode == code, "\(result.complaint)")
                #expect(result.complaint.contains("once more to kill it at once"), "\(result.complaint)")
                let json = try result.json()
                #expect(json["outcome"]?.string == "cancelled")
                #expect(json["cancel"]?["stage"]?.string == "term")
                #expect(json["cancel"]?["survivors"]?.string == "none")
            }
        }

        @Test(arguments: [(SIGINT, 130), (SIGTERM, 143)] as [(Int32, Int32)])
        func `A single task that does not heed the first signal is killed by the second`(
            signal: Int32,
            code: Int32
        ) async throws {
            try await withTree { tree in
                let marker = Marker()
                try tree.directory.write("home/ostler.yaml", "tasks: {grace: 100s}\n")
                let result = try await interrupt(
                    tree,
                    marker,
                    ["run", "command", "--json", "--"] + marker.argv(stubborn: true),
                    running: 2,
                    [(signal, nil), (SIGINT, "once more to kill it at once")]
                )
                // The first signal counts.
                #expect(result.exitCode == code, "\(result.complaint)")
                #expect(try result.json()["outcome"]?.string == "cancelled")
            }
        }

        /// A pager that shows its first page, say.
        @Test(arguments: [false, true])
        func `A second signal waits for no reader`(_ isFile: Bool) async throws {
            try await withTree { tree in
                let line =
                    #"{"executor":"command","payload":{"command":"head","args":["-c300000","/dev/zero"]}}"# + "\n"
                try tree.directory.write("home/tasks.jsonl", String(repeating: line, count: 8))
                let single = ["run", "command", "--", "yes"]
                var command = tree.command(isFile ? ["run", "--file", "tasks.jsonl"] : single)
                let stuck = try Pipe.make()
                defer { for end in [stuck.read, stuck.write] { close(end) } }
                command.descriptors.stdout = stuck.write
                let finished = try await onThread { [command] in
                    let child = try Child(command)
                    // It has written what the pipe takes, and waits.
                    eventuallyOnThread {
                        var held: Int32 = 0
                        return ioctl(stuck.read, UInt(FIONREAD), &held) == 0 && held >= 1 << 16
                    }
                    child.send(SIGINT)
                    eventuallyOnThread { child.errors.contains("once more") }
                    child.send(SIGINT)
                    return child.finish(within: .seconds(30))
                }
                #expect(!finished.isOverdue)
                #expect(finished.exitCode == 130, "\(finished.complaint)")
                if isFile { #expect(finished.complaint.contains("stdout was not read"), "\(finished.complaint)") }
            }
        }

        @Test
        func `A file that is still being checked is given up`() async throws {
            try await withTree { tree in
                let line = #"{"executor":"command","payload":{"command":"sleep","args":["300"]}}"# + "\n"
                try tree.directory.write("home/tasks.jsonl", String(repeating: line, count: 1_000_000))
                let finished = try await onThread {
                    let child = try tree.start(["run", "--file", "tasks.jsonl"])
                    eventuallyOnThread { blocksInterrupts(child.process) }
                    child.send(SIGINT)
                    return child.finish(within: .seconds(20))
                }
                #expect(!finished.isOverdue)
                #expect(finished.exitCode == 130, "\(finished.complaint)")
                #expect(finished.complaint.contains("interrupted: nothing was run"), "\(finished.complaint)")
                #expect(finished.lines.isEmpty)
            }
        }

        @Test
        func `A run that waits for its first line ends at once`() async throws {
            try await withTree { tree in
                let finished = try await onThread {
                    let child = try tree.start(["run", "--file", "-"], input: .open)
                    child.write("\n")
                    // It reads signals once it has blocked them: what it says of them is in its state.
                    eventuallyOnThread { blocksInterrupts(child.process) }
                    child.send(SIGTERM)
                    return child.finish(within: .seconds(20), keepsInputOpen: true)
                }
                #expect(!finished.isOverdue)
                #expect(finished.exitCode == 143, "\(finished.complaint)")
            }
        }
    }
}

/// Whether a process has blocked SIGINT, as one does that takes it as an event.
private func blocksInterrupts(_ process: Int32) -> Bool {
    guard let status = try? contents(ofFile: "/proc/\(process)/status") else { return false }
    let lines = String(decoding: status, as: UTF8.self).split(separator: "\n")
    guard let line = lines.first(where: { $0.hasPrefix("SigBlk:") }) else { return false }
    let mask = UInt64(line.dropFirst(7).drop { $0 == "\t" }, radix: 16) ?? 0
    return mask & (1 << UInt64(SIGINT - 1)) != 0
}
