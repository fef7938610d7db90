import Testing

@testable import OstlerTrust

@Suite struct PluginVersionTests {
    @Test(arguments: [
        ("1.9.0", "1.10.0"), ("1.0", "1.0.1"), ("1.0.0-rc.1", "1.0.0"), ("1.0.0-rc.1", "1.0.0-rc.2"),
        ("1.0.0-alpha", "1.0.0-beta"), ("2", "10"), ("1.0.0-1", "1.0.0-a"),
    ])
    func `the earlier of two versions is known`(earlier: String, later: String) {
        #expect(PluginVersion.isEarlier(earlier, than: later))
        #expect(!PluginVersion.isEarlier(later, than: earlier))
    }

    @Test(arguments: [("1.0.0", "1.0.0"), ("1.0.0+a", "1.0.0+b"), ("1.01", "1.1")])
    func `neither of two versions is the earlier`(left: String, right: String) {
        #expect(!PluginVersion.isEarlier(left, than: right) && !PluginVersion.isEarlier(right, than: left))
    }
}
