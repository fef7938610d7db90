import OstlerJSON
import Testing

@testable import OstlerConformance

/// What counts, and how it is told.
@Suite struct ReportTests {
    private func report(_ verdicts: [(String, ConformanceReport.Verdict)], isStrict: Bool = false) -> ConformanceReport
    {
        let rows = verdicts.compactMap { name, verdict in
            ConformanceCheck.all.first { $0.name == name }.map { ConformanceReport.Row($0, verdict, milliseconds: 1) }
        }
        return ConformanceReport(
            plugin: "p",
            version: "1",
            directory: "/p",
            isStrict: isStrict,
            rows: rows,
            figures: ConformanceReport.Figures()
        )
    }

    @Test(arguments: [
        ("M4-noise", ConformanceReport.Verdict.failed("x"), false, false), ("S2-mark", .failed("x"), true, false),
        ("M14-busy", .unproven("x"), true, false), ("M44-descriptors", .notApplicable("x"), true, true),
        ("M3-deep", .blocked(by: "M18-start"), false, false), ("M3-deep", .passed, true, true),
    ])
    func `recommendations and what could not be tried count under strict`(
        name: String,
        verdict: ConformanceReport.Verdict,
        passes: Bool,
        passesStrictly: Bool
    ) {
        #expect(report([(name, verdict)]).passes == passes)
        #expect(report([(name, verdict)], isStrict: true).passes == passesStrictly)
    }

    @Test func `names begin with the number of the MUST or with the section`() {
        for check in ConformanceCheck.all {
            let number = Int(check.name.dropFirst().prefix { $0 != "-" })
            #expect(number != nil && check.must == (check.name.hasPrefix("M") ? number : nil), "\(check.name)")
            #expect(check.level == .must || check.must == nil || check.must == 28)
        }
        #expect(Set(ConformanceCheck.all.map(\.name)).count == ConformanceCheck.all.count)
    }

    @Test func `foreign text does not break a report`() {
        let odd = "a\nb <&\"> \u{1}\u{FFFE} # SKIP"
        let report = report([("M4-noise", .failed(odd)), ("M44-descriptors", .notApplicable(odd))])
        #expect(report.tap.split(separator: "\n").count { $0.hasPrefix("ok ") || $0.hasPrefix("not ok ") } == 2)
        #expect(report.junit.contains("message=\"a&#10;b &lt;&amp;&quot;&gt; \u{FFFD}\u{FFFD} # SKIP\""))
    }
}
