internal import Glibc
internal import OstlerProtocol

/// The caller's own descriptors, which a command in a sandbox gets as they are.
enum SandboxStreams {
    /// What cannot be given: from a directory all that lies above it can be opened, whatever the view shows.
    static var fault: Failure? {
        for (number, name) in [(Int32(0), "stdin"), (1, "stdout"), (2, "stderr")] {
            var status = stat()
            guard fstat(number, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { continue }
            return Failure(
                "stream_is_directory",
                fault: .user,
                message: "\(name) is a directory, by which a command could leave the sandbox; nothing was run",
                hint: "redirect \(name) from or to a file, or grant the directory by --ro or --rw"
            )
        }
        return nil
    }
}
