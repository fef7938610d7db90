internal import Glibc
internal import OstlerHost
internal import OstlerProtocol
internal import OstlerSystem
internal import OstlerTasks

/// The file of `--record`: opened before anything runs, written when everything has ended.
struct RecordingFile: Sendable {
    let recorder = SessionRecorder()
    private let path: String
    private let descriptor: Int32

    /// Opens the file for the caller alone: payloads may be nobody else's business.
    init(_ path: String) throws {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.fault(path, errno) }
    }

    private static func fault(_ path: String, _ code: Int32) -> Exit {
        Log.failure(
            Failure(
                "recording_unwritable",
                fault: .user,
                message: "the recording \(path) cannot be written: \(String(cString: strerror(code)))"
            )
        )
        return Exit(.infra)
    }

    /// Writes what was said.
    func write() throws {
        let (bytes, isFull) = EventLoop.shared.run { [recorder] in (recorder.file(), recorder.isFull) }
        defer { close(descriptor) }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress.map { $0 + written }, $0.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Self.fault(path, errno) }
            written += count
        }
        if isFull { Log.warning("the recording is not whole: more was said than a recording holds") }
    }
}
