package import OstlerConfig
package import OstlerJSON
package import OstlerProtocol
package import OstlerTasks

/// One thing of a manifest that is to be so.
package struct Resource: Sendable {
    package enum Body: Sendable {
        /// A command line; ``Resource/task`` runs it.
        case exec(ExecResource)
        case file(FileResource)
        /// A task of any executor.
        case task
    }

    /// Where it stands.
    package struct Place: Sendable, CustomStringConvertible {
        package let document: YAMLDocument
        package let pointer: JSONPointer

        package var position: YAMLPosition { document.keyPosition(of: pointer) }

        /// `site.yaml:3:5`; the document's name alone where it is no text.
        package var description: String {
            guard document.isText else { return document.file }
            return "\(document.file):\(position.line):\(position.column)"
        }
    }

    package let reference: GuardReference
    package let place: Place
    package let body: Body
    /// What an executor is given; nil for a file.
    package var task: TaskSpec?
    /// How often the task is tried.
    package var retry = RetryPolicy()
    /// When it is done, and what counts as success.
    package var guards = TaskGuards()
    /// What of the file system its execution changes; nil if nobody has said.
    package var effects: DeclaredEffects?
    package var checks: [HealthCheck] = []
    /// Whether it must not be done, whatever the command line says.
    package var isNoop = false
    /// What its commands have of the caller's environment where it does not say.
    package var environmentMode = TaskSpec.EnvironmentMode.inherit

    /// As logs name it: `exec#name`, with an alias `exec#name (alias)`.
    package var title: String { guards.alias.map { "\(reference) (\($0))" } ?? reference.description }

    /// Names a task of it: as logs name it, or as much of that as an id can hold, with its place.
    /// - Parameter part: what it does beside the resource's own task, such as `guard`; short.
    package func taskID(_ part: String = "") -> String {
        let end = part.isEmpty ? "" : " " + part
        let name = reference.description + end
        guard !TaskSpec.isID(name) else { return name }
        let start = String(decoding: Array(reference.description.utf8.prefix(140)), as: UTF8.self)
        let plain = start.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }
        let position = place.position
        return String(String.UnicodeScalarView(plain)) + "… at \(position.line):\(position.column)" + end
    }

    /// Where its guards run: its own surroundings for an exec.
    package var surroundings: CommandRequest {
        if case .exec(let exec) = body { return exec.command }
        return CommandRequest(argv: ["true"])
    }

    /// The program and arguments of a guard's command: an exec's provider reads the line.
    /// - Parameter what: what the command belongs to, for messages.
    package func request(
        for guardCommand: GuardCommand,
        of what: String = "guard"
    ) throws(Failure) -> CommandRequest {
        let throughShell = if case .exec(let exec) = body { exec.provider == ExecProvider.shellName } else { false }
        let command = throughShell ? guardCommand.throughShell : guardCommand
        return surroundings.with(argv: try command.arguments(of: what))
    }
}

/// The part of an exec that is more than a task.
package struct ExecResource: Sendable {
    package let command: CommandRequest
    package let provider: String
    /// Whether each line that it writes goes to the log.
    package let logsOutput: Bool
}

/// Paths that are there after an execution, and paths that are not; absolute.
package struct DeclaredEffects: Sendable, Equatable {
    package var creates: [String]
    package var removes: [String]

    package init(creates: [String] = [], removes: [String] = []) {
        self.creates = creates
        self.removes = removes
    }
}
