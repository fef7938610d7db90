internal import Glibc

/// A program of the machine that a test needs to its end, such as one that makes signatures.
public enum Tool {
    /// Runs it in a directory, with no input and its output left out. Throws unless it exits with 0.
    public static func run(_ program: String, _ arguments: [String], in directory: String) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for descriptor: Int32 in 0...2 {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
        }
        var words: [UnsafeMutablePointer<CChar>?] =
            (["env", "-C", directory, program] + arguments).map { strdup($0) } + [nil]
        defer { words.forEach { free($0) } }
        var process = pid_t()
        let result = posix_spawn(&process, "/usr/bin/env", &actions, nil, &words, environ)
        guard result == 0 else { throw TestSupportFailure("posix_spawn", program, errno: result) }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 {
            guard errno == EINTR else { throw TestSupportFailure("waitpid", program) }
        }
        guard status == 0 else { throw TestSupportFailure("status \(status) of", program, errno: 0) }
    }
}
