/// The manual page of a command, as text for `man` (groff's macros of the same name).
package struct ManualPage {
    private let path: [CommandSpec]
    private let version: String

    /// - Parameter path: the command and those above it, from the root.
    package init(_ path: [CommandSpec], version: String) {
        self.path = path
        self.version = version
    }

    /// The command's page and those of all commands below it.
    package static func all(below path: [CommandSpec], version: String) -> [ManualPage] {
        let own = ManualPage(path, version: version)
        return [own] + (path.last?.subcommands ?? []).flatMap { all(below: path + [$0], version: version) }
    }

    /// `ostler-plugin-list`.
    package var name: String { path.map(\.name).joined(separator: "-") }

    /// `ostler-plugin-list.1`.
    package var fileName: String { name + ".1" }

    /// The page.
    package var text: String {
        guard let command = path.last else { return "" }
        var lines = [".TH \"\(name.uppercased())\" \"1\" \"\" \"\(version)\" \"User Commands\""]
        lines += [".SH NAME", "\(Self.escape(name)) \\- \(Self.escape(Self.withoutPeriod(command.summary)))"]
        lines.append(".SH SYNOPSIS")
        for form in command.synopsis {
            lines += [".P", "\\fB\(Self.escape(path.words))\\fR \(Self.escape(form))"]
        }
        lines += [".SH DESCRIPTION", ".P", Self.escape(command.summary)]
        for paragraph in command.details { lines += [".P", Self.escape(paragraph)] }
        lines += entries("COMMANDS", command.subcommands.map { ($0.name, $0.summary) })
        lines += entries("ARGUMENTS", command.parameters.map { ($0.name, $0.help) })
        if !command.sections.isEmpty { lines.append(".SH OPTIONS") }
        for section in command.sections {
            lines.append(".SS \(Self.escape(section.title))")
            lines += items(section.options.map { ($0.synopsis, $0.help) })
        }
        if !command.examples.isEmpty {
            lines += [".SH EXAMPLES", ".EX"] + command.examples.map(Self.escape) + [".EE"]
        }
        lines += entries("EXIT STATUS", command.exitCodes.map { ($0.code, $0.meaning) })
        lines += related(command)
        return lines.map { $0 + "\n" }.joined()
    }

    private func entries(_ title: String, _ rows: [(String, String)]) -> [String] {
        rows.isEmpty ? [] : [".SH \(title)"] + items(rows)
    }

    private func items(_ rows: [(String, String)]) -> [String] {
        rows.flatMap { [".TP", "\\fB\(Self.escape($0))\\fR", Self.escape($1)] }
    }

    private func related(_ command: CommandSpec) -> [String] {
        let above = path.dropLast().isEmpty ? [] : [path.dropLast().map(\.name).joined(separator: "-")]
        let names = above + command.subcommands.map { name + "-" + $0.name }
        guard !names.isEmpty else { return [] }
        return [".SH SEE ALSO"]
            + names.enumerated().map { index, other in
                ".BR \(Self.escape(other)) (1)" + (index < names.count - 1 ? "," : "")
            }
    }

    private static func withoutPeriod(_ text: String) -> String {
        text.hasSuffix(".") ? String(text.dropLast()) : text
    }

    /// A dash is a dash to be typed, and no line begins as a request would.
    private static func escape(_ text: String) -> String {
        var escaped = ""
        for character in text {
            switch character {
            case "\\": escaped += "\\e"
            case "-": escaped += "\\-"
            case "'": escaped += "\\(aq"
            case "…": escaped += "..."
            default: escaped.append(character)
            }
        }
        return escaped.hasPrefix(".") ? "\\&" + escaped : escaped
    }
}
