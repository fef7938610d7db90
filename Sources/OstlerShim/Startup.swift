internal import Glibc
internal import OstlerPluginWire

/// From the descriptors that the host left to a running shim.
package enum Startup {
    /// Serves until the host is done. It does not return: what libraries have registered for the end of the process is
    /// not run, since nobody could say when it would be over.
    package static func run() -> Never {
        guard let output = StandardStreams.takeOutput() else {
            complain("standard input, output and error must be open")
            _exit(2)
        }
        _exit(ShimServer(input: STDIN_FILENO, output: output).run())
    }

    static func complain(_ text: String) {
        StandardStreams.complain("ostler-shim", text)
    }
}
