internal import ArgumentParser

/// `ostler plugin`: what is installed.
struct PluginCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plugin",
        abstract: "Shows the plugins that are installed; none is executed.",
        discussion: """
            Examples:
              ostler plugin list --all
              ostler plugin show command
            """,
        subcommands: [PluginListCommand.self, PluginShowCommand.self]
    )
}
