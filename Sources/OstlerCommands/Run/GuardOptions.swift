internal import OstlerCommandLine
internal import OstlerProtocol
internal import OstlerTasks

/// What a command line says of when a task need not run, and of what counts as its success.
struct GuardOptions: Sendable {
    private enum Option {
        static let creates = CommandOption.value("creates", "PATH", "Do not run it if this path exists in its sandbox.")
        static let onlyif = CommandOption.value("onlyif", "COMMAND", "Run it only if this command ends with 0.")
        static let unless = CommandOption.value("unless", "COMMAND", "Do not run it if this command ends with 0.")
        static let returns = CommandOption.value("returns", "0,N…", "The exit codes that are success; 0 if not given.")
    }

    static let section = CommandSpec.Section(
        "Whether it runs",
        [Option.creates, Option.onlyif, Option.unless, Option.returns]
    )

    private let creates: String?
    private let onlyif: GuardCommand?
    private let unless: GuardCommand?
    private let returns: ReturnCodes?

    init(_ arguments: Arguments) throws(UsageError) {
        creates = arguments.value(Option.creates)
        onlyif = try Self.command(Option.onlyif, arguments)
        unless = try Self.command(Option.unless, arguments)
        returns = try arguments.value(Option.returns).map { (text) throws(UsageError) in try Self.codes(text) }
        guard creates?.isEmpty != true else { throw UsageError("--creates must not be empty") }
    }

    private static func command(_ option: CommandOption, _ arguments: Arguments) throws(UsageError) -> GuardCommand? {
        guard let line = arguments.value(option) else { return nil }
        let command = GuardCommand.line(line)
        do throws(Failure) {
            _ = try command.arguments()
            return command
        } catch {
            throw UsageError("--\(option.name) \(line): \(error.message)")
        }
    }

    private static func codes(_ text: String) throws(UsageError) -> ReturnCodes {
        var codes: [Int32] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let code = Int32(part), ReturnCodes.range.contains(code) else {
                throw UsageError(
                    "--returns \(text): write exit codes from 0 to 255 with commas between them, such as 0,3"
                )
            }
            codes.append(code)
        }
        return ReturnCodes(codes)
    }

    /// What the options say, laid over a task.
    func apply(to spec: inout TaskSpec) {
        var guards = spec.guards ?? TaskGuards()
        guards.creates = creates ?? guards.creates
        guards.onlyif = onlyif ?? guards.onlyif
        guards.unless = unless ?? guards.unless
        guards.returns = returns ?? guards.returns
        spec.guards = guards.isEmpty ? nil : guards
    }
}
