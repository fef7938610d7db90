internal import Glibc
internal import OstlerCommandLine
internal import OstlerJSON
internal import OstlerSystem
internal import OstlerTasks

/// Where the report of `ostler sandbox run` goes. stdout is the command's.
struct SandboxReportSink {
    private let file: (name: String, number: Int32)?
    private let toStderr: Bool

    /// Opens the file before anything runs: a command whose report cannot be kept is not started.
    init(file name: String?, toStderr: Bool) throws {
        self.toStderr = toStderr
        file = try name.map { name in
            let number = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_CLOEXEC, 0o644)
            guard number >= 0 else {
                Log.error("--report \(name): \(Errno.message(errno))", code: "report_failed")
                throw Exit(.invalid)
            }
            return (name, number)
        }
    }

    func write(_ result: SandboxResult) throws {
        guard file != nil || toStderr else { return }
        var writer = JSONWriter()
        result.encode(into: &writer)
        writer.newline()
        let text = String(decoding: writer.bytes, as: UTF8.self)
        if toStderr { Log.raw(text) }
        guard let file else { return }
        if let problem = Terminal.write(text, to: file.number) {
            Log.error("--report \(file.name): \(Errno.message(problem))", code: "report_failed")
            throw Exit(.infra)
        }
        _ = close(file.number)
    }
}
