internal import COstlerLaunch
internal import COstlerShims
internal import Glibc

/// From the descriptors that the host left to a running plugin.
package enum Startup {
    package static func run() -> Int32 {
        ostler_ignore_sigpipe()
        // A stray print must not reach the protocol: it has a private copy, and descriptor 1 is stderr from here on.
        let output = privateCopy(of: STDOUT_FILENO)
        guard output >= 0, dup2(STDERR_FILENO, STDOUT_FILENO) >= 0 else {
            Log.write("standard input, output and error must be open")
            return 2
        }
        guard let plugin = CommandPlugin(input: STDIN_FILENO, output: output, launcher: Int32(OSTLER_CONTROL_FD)) else {
            Log.write("standard input must be a pipe or a socket: this program is started by the host")
            return 2
        }
        return plugin.run()
    }
}

/// `fcntl` is variadic, which Swift cannot call; `dup` and the flag do the same, and nothing else runs in between.
private func privateCopy(of fd: Int32) -> Int32 {
    let copy = dup(fd)
    if copy >= 0 { _ = ostler_set_cloexec(copy, 1) }
    return copy
}

/// Free text on stderr, which the host keeps.
enum Log {
    static func write(_ text: String) {
        let line = Array("ostler-plugin-command: \(text)\n".utf8)
        _ = Glibc.write(STDERR_FILENO, line, line.count)
    }
}
