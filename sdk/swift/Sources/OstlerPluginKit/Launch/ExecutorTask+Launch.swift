extension ExecutorTask {
    /// Has the launcher start a command in a sandbox of its own, for this task.
    /// - Parameters:
    ///   - arguments: the program, which is looked for along the sandbox's PATH, and its arguments.
    ///   - environment: laid over what the sandbox gives.
    ///   - directory: where it starts, as the sandbox sees it.
    /// - Throws: ``TaskFailed``: `command_not_found`, `command_denied` and the like if nothing was started,
    ///   `launch_not_granted` if the manifest does not ask for `needs.launch`.
    public func launch(
        _ arguments: [String],
        environment: [String: String] = [:],
        directory: String? = nil,
        input: CommandInput = .null
    ) async throws -> Command {
        guard let channel, let launchNumber else {
            throw TaskFailed(
                "this plugin was not granted to launch commands",
                code: "launch_not_granted",
                fault: .executor,
                sideEffects: .none,
                hint: "say needs: {launch: true} in plugin.yaml",
                exitCode: -1
            )
        }
        guard let program = arguments.first else { throw Self.unusable("a command needs a name") }
        let variables = environment.map { "\($0.key)=\($0.value)" }
        guard !(arguments + variables + [directory ?? ""]).contains(where: { $0.utf8.contains(0) }) else {
            throw Self.unusable("a NUL in an argument, a variable or the directory")
        }
        let words = LaunchWords(
            task: launchNumber,
            arguments: arguments.map { Array($0.utf8) },
            variables: variables.map { Array($0.utf8) },
            directory: directory.map { Array($0.utf8) },
            input: input
        )
        do {
            let launched = try await channel.launch(words)
            return Command(channel, launched.number, program, launched.descriptors)
        } catch let failure as LaunchFailure {
            throw failure.failed(program)
        }
    }

    /// Launches a command, hands its output on as the task's own and waits for its end.
    ///
    /// Its variables are the task's, with `environment` laid over them; its input is the submitter's stream if there is one.
    /// - Throws: as ``launch(_:environment:directory:input:)``; `CancellationError` if the task has been cancelled.
    public func run(
        _ arguments: [String],
        environment: [String: String] = [:],
        directory: String? = nil
    ) async throws -> TaskResult {
        let own = Dictionary(self.environment.map { ($0.key, $0.value) }) { $1 }
        let command = try await launch(
            arguments,
            environment: own.merging(environment) { $1 },
            directory: directory,
            input: hasInput ? .task : .null
        )
        async let stdout: Void = forward(command.stdout, to: .stdout)
        async let stderr: Void = forward(command.stderr, to: .stderr)
        _ = await (stdout, stderr)
        let exit = try await command.exit()
        try _Concurrency.Task.checkCancellation()
        return exit.result
    }

    /// Hands a command's output on to its end.
    public func forward(_ output: CommandOutput, to stream: Stream) async {
        for await piece in output { await write(piece, to: stream) }
    }

    private static func unusable(_ message: String) -> TaskFailed {
        TaskFailed(message, code: "invalid_command", fault: .executor, sideEffects: .none, exitCode: -1)
    }
}
