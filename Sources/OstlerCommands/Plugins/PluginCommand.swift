internal import OstlerCommandLine

/// `ostler plugin`: what is installed, and what is let in.
enum PluginCommand {
    static let spec: CommandSpec = {
        var spec = CommandSpec("plugin", "Shows plugins, and lets them in and out; none is executed.")
        spec.synopsis = ["COMMAND …"]
        spec.subcommands = [
            PluginListCommand.spec, PluginShowCommand.spec, PluginAddCommand.spec, PluginRemoveCommand.spec,
            PluginTrustCommand.spec, PluginBlockCommand.spec, PluginBlockCommand.unblockSpec, PluginAuditCommand.spec,
            PluginPackCommand.spec,
        ]
        spec.examples = ["ostler plugin list --all", "ostler plugin show command"]
        return spec
    }()
}
