internal import Glibc
internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// kill -9 of each of the three programs in the middle of fifty running tasks.
    @Suite(.sandboxed)
    struct KillTests {
        private static let programs: [Victim] = [.host, .launcher, .plugin]
        private static let tasks = 50

        @Test(arguments: programs)
        func `Whoever is killed, nothing is left`(victim: Victim) async throws {
            try await withTree { tree in
                try await kill(victim, tree)
            }
        }

        @Test(.asRoot, arguments: programs)
        func `Nothing is left of an ordinary user's run either`(victim: Victim) async throws {
            try await withTree(user: 12345) { tree in
                try await kill(victim, tree)
            }
        }

        private func kill(_ victim: Victim, _ tree: InstalledTree) async throws {
            let marker = Marker()
            let tasks = (1...Self.tasks).map { marker.taskLine("n\($0)") }.joined()
            try tree.directory.write("home/tasks.jsonl", tasks)
            let before = Leftovers(tree)
            try await onThread {
                let child = try tree.start(["run", "--file", "tasks.jsonl", "--jobs", "\(Self.tasks)"])
                try #require(marker.waitFor(2 * Self.tasks, within: .seconds(60)), "\(child.errors)")
                let family = Family(of: child.process, tree)
                let target = try #require(family.process(victim), "\(victim) is not there: \(family)")
                #expect(Glibc.kill(target, SIGKILL) == 0)
                let killed = ContinuousClock.now
                var left = Leftovers(tree).since(before, marker, family)
                // Those who end it wait themselves for what is dying.
                while !left.isEmpty, ContinuousClock.now < killed.advanced(by: .seconds(30)) {
                    // A host that lives on ends when its results have been read.
                    child.serve(10)
                    left = Leftovers(tree).since(before, marker, family)
                }
                #expect(left.isEmpty, "left 30 s after the kill of the \(victim): \(left)")
                let finished = child.finish(within: .seconds(30))
                #expect(!finished.isOverdue)
                try Self.check(finished, victim)
                let afterwards = Leftovers(tree).since(before, marker, family)
                #expect(afterwards.isEmpty, "left after the end: \(afterwards)")
            }
            let again = try await tree.task(["echo", "again"])
            #expect(again.text == "again\n", "\(again.complaint)")
            let quiet = Leftovers(tree).since(before, marker, nil)
            #expect(quiet.isEmpty, "left at last: \(quiet)")
        }

        private static func check(_ finished: Finished, _ victim: Victim) throws {
            guard victim != .host else {
                #expect(finished.signal == SIGKILL)
                return
            }
            #expect(finished.exitCode == 5, "\(finished.complaint)")
            let results = try finished.results()
            #expect(results.count == tasks)
            let expected = victim == .launcher ? "sandbox_error" : "executor_crash"
            let outcomes = Set(results.compactMap { $0["outcome"]?.string })
            #expect(outcomes == [expected])
            let effects = Set(results.compactMap { $0["error"]?["side_effects"]?.string })
            #expect(effects == ["possible"])
        }
    }
}
