import Glibc
import OstlerTestSupport
import Testing

@testable import OstlerCatalog
@testable import OstlerTrust

@Suite struct TrustAttackTests {
    @Test(arguments: TrustAttack.all)
    func `an attack is refused, each with a code of its own`(attack: TrustAttack) throws {
        try withTemporaryDirectory { directory in
            let bench = try TrustBench(directory)
            #expect(try attack.run(bench) == attack.code)
        }
    }

    @Test func `no two attacks are refused with one code, and the page has them all`() throws {
        let attacks = TrustAttack.all
        #expect(attacks.count >= 20)
        #expect(Set(attacks.map(\.code)).count == attacks.count)
        var text = "\n| attack | noticed at | code |\n|---|---|---|\n"
        for attack in attacks { text += "| \(attack.name) | \(attack.moment.rawValue) | `\(attack.code)` |\n" }
        try expectSection("attacks", ofPage: "docs/reference/plugin-trust.md", is: text + "\n")
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give files away"))
    func `a file that belongs to somebody else is refused`() throws {
        try withTemporaryDirectory { directory in
            let bench = try TrustBench(directory)
            #expect(chown(directory.file("source/bin/tool"), 12345, 12345) == 0)
            #expect(try refusal { try bench.add() } == "unsafe_owner")
        }
    }

    @Test func `without an attack the same plugin is let in and used`() throws {
        try withTemporaryDirectory { directory in
            let bench = try TrustBench(directory)
            try bench.add()
            var tar = TarBuilder()
            tar.addPlugin()
            try directory.write("tool.tar.gz", tar.packed())
            let before = try bench.load()
            #expect(before.names == ["tool"] && before.rejected.isEmpty)
            try before.plugins.first?.check()
            try bench.add("tool.tar.gz")
            #expect(try bench.load().names == ["tool"])
        }
    }
}
