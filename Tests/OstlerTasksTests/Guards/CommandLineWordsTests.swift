import OstlerProtocol
import OstlerTasks
import Testing

@Suite struct `Words of a command line` {
    @Test(
        arguments: [
            ("", []),
            ("  \t ", []),
            ("ls", ["ls"]),
            (" a  b\tc\nd ", ["a", "b", "c", "d"]),
            ("a 'b c' d", ["a", "b c", "d"]),
            (#"a "b c" d"#, ["a", "b c", "d"]),
            (#"a'b'"c"d"#, ["abcd"]),
            (#"'' """#, ["", ""]),
            (#"a\ b"#, ["a b"]),
            (#"'a\b'"#, [#"a\b"#]),
            (#""a\"b\\c\d""#, [#"a"b\c\d"#]),
            (#"\'"#, ["'"]),
            ("a\\\nb", ["ab"]),
            ("\"a\\\nb\"", ["ab"]),
            // No shell: none of it means anything.
            (
                "a; b && c | d > e $F `g` * ~ #h",
                ["a;", "b", "&&", "c", "|", "d", ">", "e", "$F", "`g`", "*", "~", "#h"]
            ),
            ("ä '😀 ö'", ["ä", "😀 ö"]),
            // A letter that is combined with what comes before it does not hide a blank or a quote.
            ("a \u{301}b '\u{301}c'", ["a", "\u{301}b", "\u{301}c"]),
        ] as [(String, [String])]
    )
    func `split as a shell does, and nothing else`(_ line: String, _ words: [String]) throws {
        #expect(try CommandLineWords.split(line) == words)
    }

    @Test(
        arguments: [
            ("a 'b", "Unterminated single-quoted string"), (#"a "b"#, "Unterminated double-quoted string"),
            (#"a "b\"#, "Unterminated double-quoted string"), (#"a \"#, "Unterminated escape"),
        ]
    )
    func `what is not ended is refused`(_ line: String, _ message: String) {
        #expect { try CommandLineWords.split(line) } throws: { "\($0)" == message }
    }

    @Test func `the command of a guard is a line for no shell, or words as they are`() throws {
        #expect(try GuardCommand.line("test -f 'a b'").arguments() == ["test", "-f", "a b"])
        #expect(try GuardCommand.arguments(["test", "-f a"]).arguments() == ["test", "-f a"])
        #expect(try GuardCommand.line("test 'x").throughShell.arguments() == ["/bin/sh", "-c", "test 'x"])
    }

    @Test(arguments: [(" ", "empty guard command"), ("'", "invalid guard command: Unterminated single-quoted string")])
    func `a guard that is no command`(_ line: String, _ message: String) {
        let failure = #expect(throws: Failure.self) { try GuardCommand.line(line).arguments() }
        #expect(failure?.code == "invalid_guard_command")
        #expect(failure?.message == message)
    }
}
