/// The help of a command, as plain text of a given width.
package struct HelpText {
    private let path: [CommandSpec]
    private let width: Int
    private static let column = 26

    /// - Parameter path: the command and those above it, from the root.
    package init(_ path: [CommandSpec], width: Int = 80) {
        self.path = path
        self.width = min(max(width, 50), 120)
    }

    /// The lines that tell how the command is called.
    package var usage: String {
        guard let command = path.last else { return "" }
        return command.synopsis.enumerated().map { index, form in
            (index == 0 ? "Usage: " : "       ") + path.words + (form.isEmpty ? "" : " " + form) + "\n"
        }.joined()
    }

    /// Everything.
    /// - Parameter extra: sections that depend on the command line, before the examples.
    package func text(extra: [CommandSpec.Section] = []) -> String {
        guard let command = path.last else { return "" }
        var text = TextWrap.paragraph(command.summary, width: width)
        for paragraph in command.details { text += "\n" + TextWrap.paragraph(paragraph, width: width) }
        text += "\n" + usage
        if !command.subcommands.isEmpty {
            text += table("Commands", command.subcommands.map { ($0.name, $0.summary) })
        }
        if !command.parameters.isEmpty {
            text += table("Arguments", command.parameters.map { ($0.name, $0.help) })
        }
        for section in extra + command.sections {
            text += table(section.title, section.options.map { ($0.synopsis, $0.help) })
        }
        text += table("Help", path.count == 1 ? [Self.help, Self.version] : [Self.help])
        if !command.examples.isEmpty {
            text += "\nExamples:\n" + command.examples.map { "  \($0)\n" }.joined()
        }
        if !command.exitCodes.isEmpty {
            text += table("Exit codes", command.exitCodes.map { ($0.code, $0.meaning) }, column: 10)
        }
        return text
    }

    private static let help = ("-h, --help", "Shows this.")
    private static let version = ("--version", "Shows the version.")

    private func table(_ title: String, _ rows: [(String, String)], column: Int = HelpText.column) -> String {
        "\n\(title):\n"
            + rows.map { name, help in
                let lead = "  " + name
                let lines = TextWrap.lines(help, width: width - column)
                let indent = String(repeating: " ", count: column)
                // A long name has the line for itself.
                let fits = lead.count + 2 <= column
                let first = fits ? lead + String(repeating: " ", count: column - lead.count) : lead + "\n" + indent
                return first + lines.joined(separator: "\n" + indent) + "\n"
            }.joined()
    }
}

/// Breaks text into lines between words.
enum TextWrap {
    static func lines(_ text: String, width: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, line.count + 1 + word.count > width {
                lines.append(line)
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        return line.isEmpty ? lines : lines + [line]
    }

    static func paragraph(_ text: String, width: Int) -> String {
        lines(text, width: width).map { $0 + "\n" }.joined()
    }
}
