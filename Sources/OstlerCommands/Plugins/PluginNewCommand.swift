internal import Glibc
internal import OstlerCommandLine
internal import OstlerConfig
internal import OstlerJSON
internal import OstlerTasks

/// `ostler plugin new`.
struct PluginNewCommand {
    private enum Option {
        static let language = CommandOption.value(
            "lang",
            "LANGUAGE",
            "The language: c, python, sh or swift.",
            completion: .oneOf(PluginProject.Language.allCases.map(\.rawValue))
        )
        static let directory = CommandOption.value(
            "dir",
            "DIR",
            "Where to; ./NAME if it is not given. It must not exist yet.",
            completion: .directory
        )
    }

    static let spec: CommandSpec = {
        var spec = CommandSpec("new", "Writes the project of a new plugin: it builds, has tests, and works as it is.")
        spec.synopsis = ["NAME --lang LANGUAGE [OPTIONS]"]
        spec.details = ["The SDK is copied into the project, which needs nothing of Ostler to be built."]
        spec.parameters = [CommandParameter("NAME", "The plugin, and its executor.", completion: .anything)]
        spec.sections = [
            .init("Options", [Option.language, Option.directory]), GlobalOptions.sectionWithoutPlugins,
        ]
        spec.examples = ["ostler plugin new greet --lang python", "ostler plugin new greet --lang c --dir work/greet"]
        spec.action = { try PluginNewCommand($0).run() }
        return spec
    }()

    private let global: GlobalOptions
    private let name: String
    private let language: PluginProject.Language
    private let directory: String

    private init(_ arguments: Arguments) throws(UsageError) {
        global = try GlobalOptions(arguments)
        name = arguments.parameter(0) ?? ""
        guard Identifier.isValid(name) else { throw UsageError("\"\(name)\" is no name: \(Identifier.rule)") }
        guard let language = try arguments.choice(Option.language, of: PluginProject.Language.self) else {
            throw UsageError("--lang is missing: c, python, sh or swift")
        }
        self.language = language
        directory = arguments.value(Option.directory) ?? name
    }

    private func run() throws -> Int32 {
        let project = PluginProject(name: name, language: language)
        do throws(PluginProject.Failure) {
            try project.write(to: directory, from: try PluginProject.installedSources())
        } catch {
            Log.error(error.message, code: error.code)
            throw Exit(.invalid)
        }
        let path = directory.hasPrefix("/") ? directory : Composition.workingDirectory + "/" + directory
        if global.json {
            let value: JSONValue = [
                "name": .string(name), "language": .string(language.rawValue), "directory": .string(path),
            ]
            try Results.write(value.text + "\n")
        } else {
            try Results.write(
                """
                \(directory)/README.md says what is where. Next:
                  \(directory)/test
                  ostler run \(name) --plugin-path \(directory) --name world

                """
            )
        }
        return 0
    }
}
