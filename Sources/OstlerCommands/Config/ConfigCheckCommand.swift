internal import OstlerCommandLine
internal import OstlerConfig
internal import OstlerJSON
internal import OstlerTasks

/// `ostler config check`: everything that is wrong with the configuration, at once.
struct ConfigCheckCommand {
    static let spec: CommandSpec = {
        var spec = CommandSpec("check", "Checks the configuration, and tells all that is wrong with it at once.")
        spec.details = [
            "Sections of executors are checked against the plugins that offer them. What is probably not meant, such as a "
                + "program that does not exist, is a warning."
        ]
        spec.synopsis = ["[OPTIONS]"]
        spec.sections = [GlobalOptions.section]
        spec.examples = ["ostler config check", "ostler config check --config ostler.yaml --json"]
        spec.exitCodes = [.init("0", "no problems, perhaps warnings"), .init("3", "problems")]
        spec.action = { try ConfigCheckCommand($0).run() }
        return spec
    }()

    private let global: GlobalOptions

    private init(_ arguments: Arguments) throws(UsageError) {
        global = try GlobalOptions(arguments)
    }

    private func run() throws -> Int32 {
        let check = try ConfigurationCheck(global)
        if global.json {
            try Results.write(json: check.json)
        } else {
            for problem in check.problems { Log.problem(problem) }
            for warning in check.warnings { Log.warning("\(warning)") }
            if check.problems.isEmpty { Log.info("\(check.file ?? "the defaults, no file"): no problems") }
        }
        return check.problems.isEmpty ? 0 : Outcome.invalid.exitCode
    }
}
