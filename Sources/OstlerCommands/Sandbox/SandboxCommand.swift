internal import OstlerCommandLine

/// `ostler sandbox`: the sandbox by itself, without plugins and tasks.
enum SandboxCommand {
    static let spec: CommandSpec = {
        var spec = CommandSpec("sandbox", "Runs commands in a sandbox without any plugin, and explains the sandbox.")
        spec.synopsis = ["COMMAND …"]
        spec.subcommands = [
            SandboxRunCommand.spec, SandboxCheckCommand.spec, SandboxExplainCommand.spec, SandboxWhyCommand.spec,
        ]
        spec.examples = [
            "ostler sandbox run -- sh -c 'id; ls /'", "ostler sandbox run --rw . -- make", "ostler sandbox why rm",
        ]
        return spec
    }()
}
