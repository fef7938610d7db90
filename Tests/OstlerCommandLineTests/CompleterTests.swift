internal import OstlerCommandLine
internal import Testing

@Suite
struct CompleterTests {
    private func words(_ line: [String]) -> [String] {
        let completion = Fixture.complete(line)
        return completion.source == .words ? completion.candidates.map(\.word) : [completion.source.rawValue]
    }

    @Test(arguments: [
        ([""], ["work", "group", "help"]), (["w"], ["work"]), (["x"], []), (["group", ""], ["show"]),
        (["help", "g"], ["group"]), (["--v"], ["--version"]), (["work", ""], ["anna", "bert"]),
        (["work", "b"], ["bert"]), (["work", "anna", "--level", ""], ["low", "high"]),
        (["work", "anna", "--level", "h"], ["high"]), (["work", "anna", "--level=h"], ["--level=high"]),
        (["work", "anna", "--level="], ["--level=low", "--level=high"]), (["work", "--config", "x"], ["files"]),
        (["work", "--config=x"], ["files"]), (["work", "--l"], ["--level"]),
        (["work", "--tag", "x", "--ta"], ["--tag"]),
        (["work", "--level", "low", "--le"], []), (["work", "--all", "--al"], []),
        (["work", "anna", "--co"], ["--colour", "--config"]), (["work", "bert", "--co"], ["--config"]),
        (["work", "anna", "--colour", ""], ["red"]), (["work", "anna", "--", ""], ["programs"]),
        (["work", "anna", "--", "ls", ""], ["files"]), (["work", "anna", "--", "ls", "--level", ""], ["files"]),
        (["group", "show", "--", ""], []), (["group", "show", ""], []), (["work", "--tag", ""], []),
        (["work", "--all="], []), ([], []),
    ])
    func `Each place of a line gets the words that may stand there`(line: [String], expected: [String]) {
        #expect(words(line) == expected)
    }

    @Test
    func `Candidates carry what help says of them`() {
        #expect(Fixture.complete(["work", "a"]).text == "words\nanna\tthe first\n")
        #expect(Fixture.complete(["work", "b"]).text == "words\nbert\n")
    }

    @Test(arguments: Shell.allCases)
    func `A script asks the program by its own name`(shell: Shell) {
        let script = shell.completionScript(program: "tool", query: "__ask")
        #expect(script.contains("tool"))
        #expect(script.contains("__ask"))
        #expect(!script.contains("ostler"))
    }
}
