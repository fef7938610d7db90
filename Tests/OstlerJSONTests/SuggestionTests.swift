import OstlerJSON
import Testing

@Suite
struct SuggestionTests {
    private static let names = ["command", "args", "timeout", "env_mode", "workdir"]

    @Test(arguments: [
        ("comand", "command"), ("commnad", "command"), ("commando", "command"), ("Command", "command"),
        ("arg", "args"), ("timeuot", "timeout"), ("env-mode", "env_mode"), ("ENV MODE", "env_mode"),
        ("wrkdir", "workdir"), ("xargs", "args"),
    ])
    func `a typing slip finds its word`(_ word: String, _ expected: String) {
        #expect(Suggestion.nearest(to: word, in: Self.names) == expected)
        #expect(Suggestion.clause(for: word, in: Self.names) == "; did you mean \"\(expected)\"?")
    }

    @Test(arguments: ["", "x", "zebra", "kommandeur", "timeout_seconds", String(repeating: "a", count: 100_000)])
    func `what is no slip finds nothing`(_ word: String) {
        #expect(Suggestion.nearest(to: word, in: ["command", "timeout"]) == nil)
        #expect(Suggestion.clause(for: word, in: ["command", "timeout"]) == "")
    }

    @Test
    func `the word itself is no suggestion, and the nearest wins`() {
        #expect(Suggestion.nearest(to: "args", in: ["args"]) == nil)
        #expect(Suggestion.nearest(to: "ports", in: ["parts", "port", "sports"]) == "parts")
        #expect(Suggestion.nearest(to: "portt", in: ["parts", "port"]) == "port")
        #expect(Suggestion.nearest(to: "a", in: [String]()) == nil)
    }
}
