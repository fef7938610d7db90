internal import Glibc
internal import OstlerCommandLine
internal import OstlerConfig
internal import OstlerJSON
internal import OstlerSystem
internal import OstlerTasks

/// `ostler plugin new`.
struct PluginNewCommand {
    private enum Option {
        static let kind = CommandOption.value(
            "kind",
            "KIND",
            "What it is: process, a program, if it is not given; library, a shared object of its own; foreign, a shared "
                + "object as it is.",
            completion: .oneOf(PluginProject.Kind.allCases.map(\.rawValue))
        )
        static let language = CommandOption.value(
            "lang",
            "LANGUAGE",
            "The language: c, python, sh or swift; of a library, c or swift; none for foreign.",
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
        spec.synopsis = [
            "NAME --lang LANGUAGE [OPTIONS]", "NAME --lang LANGUAGE --kind library [OPTIONS]",
            "NAME --kind foreign [OPTIONS]",
        ]
        spec.details = ["The SDK is copied into the project, which needs nothing of Ostler to be built."]
        spec.parameters = [CommandParameter("NAME", "The plugin, and its executor.", completion: .anything)]
        spec.sections = [
            .init("Options", [Option.language, Option.kind, Option.directory]), GlobalOptions.sectionWithoutPlugins,
        ]
        spec.examples = [
            "ostler plugin new greet --lang python", "ostler plugin new greet --lang c --kind library --dir work/greet",
            "ostler plugin new checksum --kind foreign",
        ]
        spec.action = { try PluginNewCommand($0).run() }
        return spec
    }()

    private let global: GlobalOptions
    private let name: String
    private let kind: PluginProject.Kind
    private let language: PluginProject.Language?
    private let directory: String

    private init(_ arguments: Arguments) throws(UsageError) {
        global = try GlobalOptions(arguments)
        name = arguments.parameter(0) ?? ""
        guard Identifier.isValid(name) else { throw UsageError("\"\(name)\" is no name: \(Identifier.rule)") }
        kind = try arguments.choice(Option.kind, of: PluginProject.Kind.self) ?? .process
        language = try arguments.choice(Option.language, of: PluginProject.Language.self)
        directory = arguments.value(Option.directory) ?? name
        try Self.check(language, of: kind)
    }

    private static func check(_ language: PluginProject.Language?, of kind: PluginProject.Kind) throws(UsageError) {
        guard !kind.languages.isEmpty else {
            guard language == nil else { throw UsageError("--kind \(kind.rawValue) has no code: leave --lang out") }
            return
        }
        let names = kind.languages.map(\.rawValue)
        let known = names.dropLast().joined(separator: ", ") + " or " + (names.last ?? "")
        guard let language else { throw UsageError("--lang is missing: \(known)") }
        guard kind.languages.contains(language) else {
            throw UsageError(
                "there is no project of --kind \(kind.rawValue) in \(language.rawValue): say --lang \(known), or leave "
                    + "--kind out"
            )
        }
    }

    private func run() throws -> Int32 {
        let project = PluginProject(name: name, kind: kind, language: language)
        do throws(PluginProject.Failure) {
            try project.write(to: directory, from: try PluginProject.installedSources())
        } catch {
            Log.error(error.message, code: error.code)
            throw Exit(.invalid)
        }
        let path = directory.isAbsolutePath ? directory : Composition.workingDirectory + "/" + directory
        if global.json {
            var members: [(String, JSONValue)] = [("name", .string(name)), ("kind", .string(kind.rawValue))]
            if let language { members.append(("language", .string(language.rawValue))) }
            try Results.write(json: .object(JSONObject(members + [("directory", .string(path))])))
        } else {
            try Results.write(
                """
                \(directory)/README.md says what is where. Next:
                  \(directory)/test
                  ostler plugin test \(directory) --strict
                  ostler run \(name) --plugin-path \(directory) \(kind == .foreign ? "--text hello" : "--name world")

                """
            )
        }
        return 0
    }
}
