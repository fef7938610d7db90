internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// Runs of one user at once, which know nothing of each other.
    @Suite(.sandboxed)
    struct SideBySideTests {
        @Test(arguments: ["strict", "contained"])
        func `The end of a run without namespaces leaves the others alone`(profile: String) async throws {
            try await withTree { tree in
                try tree.directory.write("home/contained.yaml", "sandbox: {profile: contained}\n")
                try tree.directory.write("home/ostler.yaml", "sandbox: {profile: \(profile)}\n")
                let marker = Marker()
                let script = "sleep \(marker.seconds) & read end; kill -0 $! && echo still there"
                let other = ["run", "command", "--config", "contained.yaml", "--", "sh", "-c", "sleep 60 & exit 0"]
                try await onThread {
                    let first = try tree.start(["run", "command", "--", "sh", "-c", script], input: .open)
                    #expect(marker.waitFor(1))
                    let second = try tree.start(other).finish(within: .seconds(60))
                    #expect(second.exitCode == 0, "\(second.complaint)")
                    first.closeInput()
                    let finished = first.finish(within: .seconds(60))
                    #expect(finished.exitCode == 0 && finished.text == "still there\n", "\(finished.complaint)")
                }
            }
        }
    }
}
