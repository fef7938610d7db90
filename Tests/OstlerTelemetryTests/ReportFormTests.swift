import OstlerJSON
import OstlerProtocol
import OstlerTasks
import OstlerTestSupport
import Testing

@testable import OstlerTelemetry

/// The forms of a report, judged by the programs that read them.
@Suite struct ReportFormTests {
    private static let report: ActionReport = {
        var failure = Failure("command_not_found", fault: .user, message: "there is no program \"x\"")
        failure.hint = "install it"
        var broken = Sample.component("b", .failed, duration: 300_000, failure: failure)
        broken.diagnostics = ["sh: x: not found"]
        return Sample.report(
            [Sample.component("a"), broken, Sample.component("c", .skipped, changed: false)],
            exitCode: 2
        )
    }()

    @Test func `As text it has all five parts`() {
        let expected = """
            run: partial, 3 components in 1.204 s
              run r1, exit code 2

            components
              changed    a (command), succeeded, healthy, 0.001 s
              failed     b (command), failed, unhealthy, 0.300 s
              skipped    c (command), skipped, healthy, 0.001 s

            failures
              b: failed [command_not_found]: there is no program "x"
                | sh: x: not found
                hint: install it

            metrics
              outcomes: 1 failed, 1 skipped, 1 succeeded
              states: 1 failed, 1 skipped, 1 changed
              retries: 0
              seconds of work: 0.302
              shortest: 0.001
              mean: 0.100
              longest: 0.300

            recommendations
              install it (b)

            """
        #expect(Self.report.rendered(as: .text) == expected)
    }

    @Test func `As JSON it holds the same, and stays a document of one line`() throws {
        let text = Self.report.rendered(as: .json)
        #expect(text.hasSuffix("}\n") && !text.dropLast().contains("\n"))
        let document = try JSONValue(parsing: text)
        #expect(document["summary"]?["status"] == "partial")
        #expect(document["metrics"]?["outcomes"]?["failed"] == 1)
        #expect(document["failures"]?.array?.first?["error"]?["code"] == "command_not_found")
        #expect(document["recommendations"]?.array?.first?["text"] == "install it")
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `Whatever is in it, xmllint reads it as JUnit has it`(seed: UInt64) throws {
        let report = Sample.oddReport(seed: seed)
        let counts = try Judge.output(
            of: report.rendered(as: .junit),
            #"""
            xmllint --nonet --xpath 'concat(count(/testsuite/testcase), " ", count(//failure), " ", count(//error), " ",
                /testsuite/@tests, " ", /testsuite/@failures, " ", /testsuite/@errors)' "$1"
            """#
        )
        let numbers = counts.split { $0 == " " || $0 == "\n" }.map(String.init)
        try #require(numbers.count == 6, "\(counts)")
        #expect(numbers[0] == "20" && Array(numbers[0..<3]) == Array(numbers[3...]), "\(counts)")
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `Whatever is in it, Markdown keeps its headings, tables and cells`(seed: UInt64) throws {
        let report = Sample.oddReport(seed: seed)
        let xml = try Judge.output(of: report.rendered(as: .markdown), #"cmark-gfm -e table -e autolink -t xml "$1""#)
        func count(_ element: String) -> Int { xml.split(separator: "<\(element)").count - 1 }
        #expect(count("table>") == 3, "\(xml)")
        #expect(count("table_header") == 3)
        #expect(count("table_row") == 1 + 20 + report.figures.count)
        #expect(count("table_cell") == 4 * 2 + 6 * 21 + 2 * (report.figures.count + 1))
        #expect(count("heading ") == 1 + 3 + 1 + report.failures.count - (report.failures.isEmpty ? 1 : 0))
        #expect(count("code_block") == report.failures.count)
        #expect(count("item") == report.recommendations.count)
        for element in ["html_", "emph", "strong", "link", "image", "code>", "block_quote"] {
            #expect(!xml.contains("<" + element), "\(element) in \(xml)")
        }
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `Whatever is in it, nothing reaches a terminal that it would obey`(seed: UInt64) throws {
        let report = Sample.oddReport(seed: seed)
        for scalar in report.rendered(as: .text).unicodeScalars where scalar != "\n" {
            #expect(!Quotation.isObeyed(scalar), "\(scalar.value)")
        }
        _ = try JSONValue(parsing: report.rendered(as: .json))
    }
}
