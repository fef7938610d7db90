internal import OstlerCommandLine

/// `ostler plugin`: what is installed.
enum PluginCommand {
    static let spec: CommandSpec = {
        var spec = CommandSpec("plugin", "Shows the plugins that are installed; none is executed.")
        spec.synopsis = ["COMMAND …"]
        spec.subcommands = [PluginListCommand.spec, PluginShowCommand.spec]
        spec.examples = ["ostler plugin list --all", "ostler plugin show command"]
        return spec
    }()
}
