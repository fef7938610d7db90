internal import OstlerCommandLine

/// `ostler plugin`: what is installed.
enum PluginCommand {
    static let spec: CommandSpec = {
        var spec = CommandSpec("plugin", "Shows the plugins that are installed, and tries one.")
        spec.synopsis = ["COMMAND …"]
        spec.subcommands = [
            PluginListCommand.spec, PluginShowCommand.spec, PluginTestCommand.spec, PluginReplayCommand.spec,
        ]
        spec.examples = ["ostler plugin list --all", "ostler plugin show command", "ostler plugin test greet"]
        return spec
    }()
}
