internal import OstlerCatalog
internal import OstlerCommandLine
internal import OstlerJSON
internal import OstlerSchema

/// The members of an executor's payload as options, for help and completion. No plugin is started for it.
enum ExecutorMembers {
    /// A section of the help; nil if the command line names no executor that can be found.
    static func section(for arguments: Arguments) -> CommandSpec.Section? {
        guard let name = arguments.parameter(0), let catalog = Lookups.catalog(arguments) else { return nil }
        let options = options(of: name, in: catalog.catalog(offering: [name]))
        return options.isEmpty ? nil : CommandSpec.Section("The payload of \(name)", options)
    }

    /// One option for each member that the executor's schema names, but for those that an option of Ostler's hides.
    static func options(of executor: String, in catalog: Catalog) -> [CommandOption] {
        guard let schema = try? catalog.executor(named: executor)?.executor.payload.compiled() else { return [] }
        return schema.flags.map(\.option).filter { RunCommand.spec.option(named: $0.name) == nil }
    }
}

extension SchemaFlag {
    /// The name as an option has it.
    var optionName: String { name.split(separator: "_", omittingEmptySubsequences: false).joined(separator: "-") }

    fileprivate var option: CommandOption {
        let help = [isRequired ? "Required." : nil, description.map { $0 + "." }].compactMap(\.self)
        let text = help.joined(separator: " ")
        let words = values.compactMap(\.string)
        let completion: WordKind = words.isEmpty || words.count < values.count ? .anything : .oneOf(words)
        return switch type {
        case .boolean: .flag(optionName, text)
        case .strings: .values(optionName, "TEXT", text, completion: completion)
        case .stringMap: .values(optionName, "KEY=VALUE", text)
        case .string: .value(optionName, "TEXT", text, completion: completion)
        case .integer, .number: .value(optionName, "NUMBER", text)
        case .other: .value(optionName, "JSON", text)
        }
    }
}
