internal import OstlerCommandLine
internal import Testing

@Suite
struct HelpTextTests {
    @Test
    func `Help shows all that is defined, in one order`() {
        let text = HelpText([Fixture.root, Fixture.work]).text()
        #expect(
            text == """
                Does some work.

                It is done at once. .Nothing is left.

                Usage: tool work WHO [OPTIONS] [-- ARGV…]
                       tool work --all [OPTIONS]

                Arguments:
                  WHO                     Who does it.

                Options:
                  --level N               How much.
                  --tag TAG               A tag; may be repeated.
                  --all                   Everything.

                Common options:
                  --config FILE           Where the configuration is.

                Help:
                  -h, --help              Shows this.

                Examples:
                  tool work me --level low -- a\\b 'c'

                Exit codes:
                  0       done
                  128+n   interrupted by signal n

                """
        )
    }

    @Test
    func `The root lists its commands, and the version`() {
        let text = HelpText([Fixture.root]).text()
        #expect(text.contains("\n  work                    Does some work.\n"))
        #expect(text.contains("\n  --version               Shows the version.\n"))
    }

    @Test
    func `Sections that depend on the command line stand before the options`() throws {
        let text = HelpText([Fixture.root, Fixture.work]).text(extra: [.init("Members", [.flag("new", "New.")])])
        let members = try #require(text.firstRange(of: "Members:\n  --new"))
        let options = try #require(text.firstRange(of: "Options:"))
        #expect(members.lowerBound < options.lowerBound)
    }

    @Test(arguments: [1, 50, 60, 80, 100, 1000])
    func `No line is wider than asked, within reason`(width: Int) {
        var spec = CommandSpec("long", String(repeating: "word ", count: 60))
        spec.sections = [.init("Options", [.value("option", "N", String(repeating: "help ", count: 60))])]
        let lines = HelpText([spec], width: width).text().split(separator: "\n")
        let limit = min(max(width, 50), 120)
        #expect(lines.allSatisfy { $0.count <= limit })
        #expect(lines.joined(separator: " ").split(separator: " ").count { $0 == "help" } == 60)
    }

    @Test
    func `A name that is too long for its column has a line for itself`() {
        var spec = CommandSpec("x", "X.")
        spec.sections = [.init("Options", [.value("a-very-long-name", "PLACEHOLDER", "Help.")])]
        #expect(
            HelpText([spec]).text().contains(
                "  --a-very-long-name PLACEHOLDER\n" + String(repeating: " ", count: 26) + "Help.\n"
            )
        )
    }
}
