internal import OstlerCommandLine

/// `ostler config`: what holds, and where it comes from.
enum ConfigCommand {
    static let spec: CommandSpec = {
        var spec = CommandSpec("config", "Shows the configuration that holds, and checks it.")
        spec.synopsis = ["COMMAND …"]
        spec.subcommands = [ConfigShowCommand.spec, ConfigCheckCommand.spec]
        spec.examples = ["ostler config show", "ostler config check --config ostler.yaml"]
        return spec
    }()
}
