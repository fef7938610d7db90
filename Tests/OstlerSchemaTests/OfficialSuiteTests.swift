import OstlerJSON
import OstlerSchema
import Testing

@Suite
struct OfficialSuiteTests {
    private static let runs = OfficialSuite.isThere || OfficialSuite.isMandatory

    @Test(.enabled(if: runs, Comment(rawValue: OfficialSuite.hint)))
    func `every required test of the official suite passes`() throws {
        try #require(OfficialSuite.isThere, Comment(rawValue: OfficialSuite.hint))
        let remotes = try OfficialSuite.remotes()
        let cases = try OfficialSuite.required()
        #expect(cases.count > 1200)
        var failed: [String] = []
        var compiled: (source: JSONValue, schema: CompiledSchema)?
        for test in cases {
            do {
                if compiled?.source != test.schema { compiled = nil }
                let schema = try compiled?.schema ?? CompiledSchema(compiling: test.schema, resources: remotes)
                compiled = (test.schema, schema)
                let problems = schema.validate(Array(test.payload.text.utf8))
                if problems.isEmpty != test.isValid { failed.append("\(test.title): \(problems)") }
            } catch {
                failed.append("\(test.title): \(error)")
            }
        }
        #expect(failed.isEmpty, "\(failed.count) of \(cases.count):\n\(failed.joined(separator: "\n"))")
        print("official suite: \(cases.count - failed.count) of \(cases.count) passed")
    }
}
