internal import Glibc
internal import OstlerCommandLine
internal import OstlerTasks

/// `ostler manual`: writes the manual pages.
struct ManualCommand {
    static let spec: CommandSpec = {
        var spec = CommandSpec("manual", "Writes the manual pages of all commands into a directory.")
        spec.details = ["An installed tree has them in share/man/man1."]
        spec.synopsis = ["DIR"]
        spec.parameters = [CommandParameter("DIR", "An existing directory.", completion: .directory)]
        spec.examples = ["ostler manual ~/.local/share/man/man1"]
        spec.action = { try ManualCommand($0).run() }
        return spec
    }()

    private let directory: String

    private init(_ arguments: Arguments) throws(UsageError) {
        directory = arguments.parameter(0) ?? ""
    }

    private func run() throws -> Int32 {
        for page in ManualPage.all(below: [OstlerCommand.spec], version: OstlerCommand.version) {
            try write(page)
        }
        return 0
    }

    private func write(_ page: ManualPage) throws {
        let path = directory + "/" + page.fileName
        let output = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard output >= 0 else { throw fail(path, errno) }
        let problem = Terminal.write(page.text, to: output)
        guard close(output) == 0, problem == nil else { throw fail(path, problem ?? errno) }
    }

    private func fail(_ path: String, _ code: Int32) -> Exit {
        Log.error("\(path): \(String(cString: strerror(code)))", code: "output_failed")
        return Exit(.infra)
    }
}
