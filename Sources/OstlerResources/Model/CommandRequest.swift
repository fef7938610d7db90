internal import OstlerJSON

/// A command line and its surroundings: of an exec, a guard or a health check.
package struct CommandRequest: Sendable, Equatable {
    /// The program and its arguments; never empty.
    package var argv: [String]
    /// Absolute.
    package var directory: String
    /// Variables that are added to what is there; `PATH` among them if the resource has one.
    package var environment: [Variable]

    package struct Variable: Sendable, Equatable {
        package let key: String
        package let value: String
    }

    package init(argv: [String], directory: String = "/", environment: [Variable] = []) {
        self.argv = argv
        self.directory = directory
        self.environment = environment
    }

    /// The same surroundings for another command line.
    package func with(argv: [String]) -> CommandRequest {
        CommandRequest(argv: argv, directory: directory, environment: environment)
    }

    /// What the executor `command` takes, as JSON text.
    package var payload: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("command")
        writer.string(argv.first ?? "")
        writer.key("args")
        writer.strings(argv.dropFirst())
        if !environment.isEmpty {
            writer.key("env")
            writer.beginObject()
            for variable in environment {
                writer.key(dynamic: variable.key)
                writer.string(variable.value)
            }
            writer.endObject()
        }
        writer.key("working_dir")
        writer.string(directory)
        writer.endObject()
        return writer.bytes
    }
}
