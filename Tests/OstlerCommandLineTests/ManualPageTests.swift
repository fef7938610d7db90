internal import OstlerCommandLine
internal import Testing

@Suite
struct ManualPageTests {
    @Test
    func `Every command has a page`() {
        let names = ManualPage.all(below: [Fixture.root], version: "tool 1").map(\.fileName)
        #expect(names == ["tool.1", "tool-work.1", "tool-group.1", "tool-group-show.1"])
    }

    @Test
    func `Text is text, whatever it begins with or holds`() {
        let page = ManualPage([Fixture.root, Fixture.work], version: "tool 1").text
        #expect(page.hasPrefix(".TH \"TOOL-WORK\" \"1\" \"\" \"tool 1\""))
        #expect(page.contains("\ntool\\-work \\- Does some work\n"))
        #expect(page.contains("\n\\fB\\-\\-level N\\fR\nHow much.\n"))
        #expect(page.contains("a\\eb \\(aqc\\(aq"))
        #expect(page.contains("\n.BR tool (1)\n"))
    }

    @Test
    func `A line of text never begins as a request`() {
        var spec = CommandSpec("dot", ".starts with a dot.")
        spec.details = ["'quoted", ".so /etc/passwd"]
        let page = ManualPage([spec], version: "1").text
        #expect(page.contains("\n\\&.starts with a dot.\n"))
        #expect(page.contains("\n\\&.so /etc/passwd\n"))
        #expect(page.contains("\n\\(aqquoted\n"))
    }
}
