internal import Glibc
internal import OstlerJSON
internal import OstlerTasks
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// What becomes of what a killed worker held, where the next one does not stay.
    @Suite(.sandboxed, .needs("/usr/bin/python3"))
    struct RecoveryTests {
        @Test func `A worker that ends when nothing is left has first taken over what is, and tried it again`()
            async throws
        {
            let marker = Marker()
            let tasks = [QueueRig.mark("again", ["seconds": 5]), QueueRig.command("long", ["sleep", marker.seconds])]
            try await withQueueOnThread(tasks) { rig, tasks in
                let first = try rig.worker(["--slots", "4"])
                for task in tasks { try rig.waitUntilRunning(task, serving: [first]) }
                #expect(marker.waitFor(1))
                try eventuallyOnThread("the first mark") { try rig.marks() == ["again": 1] }
                first.send(SIGKILL)
                _ = first.finish()
                let second = try rig.worker(["--slots", "4", "--until-idle"])
                #expect(second.finish(within: .seconds(60)).exitCode == 0)
                #expect(try rig.outcomes(of: tasks) == [.succeeded, .lost])
                #expect(try rig.marks() == ["again": 2])
            }
        }
    }
}
