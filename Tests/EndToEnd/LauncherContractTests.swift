internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// The launcher by itself: a host of its own speaks to its socket, well and badly, as root and as an ordinary user.
    @Suite(.sandboxed, .needs("/usr/bin/python3", "/usr/bin/setpriv"))
    struct LauncherContractTests {
        @Test func `The launcher keeps its contract, whoever speaks to it`() async throws {
            try await withTree { tree in
                let driver = Surroundings.packageRoot() + "/Tests/Sandbox/launcher/driver.py"
                let words = ["-B", driver, tree.launcher, "--spawns", "200"]
                let finished = try await tree.run(Child.Command("/usr/bin/python3", words), within: .seconds(300))
                #expect(finished.exitCode == 0, "\(finished.text)\(finished.complaint)")
                // Each check says its line: none was left out.
                #expect(finished.lines.count { $0.hasSuffix(": ok") } >= 19, "\(finished.text)")
            }
        }
    }
}
