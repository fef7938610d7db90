internal import OstlerCommandLine

/// `ostler plugin`: what is installed, and what is let in.
enum PluginCommand {
    static let spec: CommandSpec = {
        var spec = CommandSpec(
            "plugin",
            "Shows plugins, begins new ones, and lets them in and out; only test and replay start one."
        )
        spec.synopsis = ["COMMAND …"]
        spec.subcommands = [
            PluginListCommand.spec, PluginShowCommand.spec, PluginAddCommand.spec, PluginRemoveCommand.spec,
            PluginNewCommand.spec, PluginTrustCommand.spec, PluginBlockCommand.spec, PluginBlockCommand.unblockSpec,
            PluginAuditCommand.spec,
            PluginPackCommand.spec, PluginTestCommand.spec, PluginReplayCommand.spec,
        ]
        spec.examples = ["ostler plugin list --all", "ostler plugin show command", "ostler plugin test greet"]
        return spec
    }()
}
