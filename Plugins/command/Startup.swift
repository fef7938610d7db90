internal import COstlerLaunch
internal import Glibc
internal import OstlerPluginWire

/// From the descriptors that the host left to a running plugin.
package enum Startup {
    package static func run() -> Int32 {
        guard let output = StandardStreams.takeOutput() else {
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

enum Log {
    static func write(_ text: String) {
        StandardStreams.complain("ostler-plugin-command", text)
    }
}
