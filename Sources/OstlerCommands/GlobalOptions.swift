internal import ArgumentParser

/// What every command takes.
struct GlobalOptions: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp("The configuration file.", valueName: "file"))
    var config: String?

    @Option(name: .long, help: ArgumentHelp("Directories to look for plugins in first.", valueName: "dir[:dir…]"))
    var pluginPath: String?

    @Flag(name: .long, help: "Results as JSON.")
    var json = false
}
