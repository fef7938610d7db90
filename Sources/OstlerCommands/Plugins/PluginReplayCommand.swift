internal import Glibc
internal import OstlerCatalog
internal import OstlerCommandLine
internal import OstlerConformance
internal import OstlerHost
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSystem
internal import OstlerTasks

/// `ostler plugin replay`.
struct PluginReplayCommand: Sendable {
    private enum Option {
        static let patience = CommandOption.value(
            "patience",
            "10s",
            "How long an answer is waited for; 10s if it is not given."
        )
        static let plugin = CommandOption.value(
            "plugin",
            "NAME",
            "Without DIR: which of the recorded plugins to stand in for; the first if it is not given."
        )
    }

    static let spec: CommandSpec = {
        var spec = CommandSpec(
            "replay",
            "Replays a recording of `ostler run --record` against a plugin, or in its place."
        )
        spec.details = [
            "With DIR the plugin is told what the host had said, and its answers are compared with the recorded ones, "
                + "but for ids, times and usage.",
            "Without DIR the command stands in for the plugin: it reads a host's messages from stdin and answers on stdout "
                + "as the plugin did.",
        ]
        spec.synopsis = ["FILE DIR [OPTIONS]", "FILE [OPTIONS]"]
        spec.parameters = [
            CommandParameter("FILE", "The recording.", completion: .file),
            CommandParameter("DIR", "The plugin's directory.", isRequired: false, completion: .directory),
        ]
        spec.sections = [.init("Options", [Option.patience, Option.plugin]), GlobalOptions.sectionWithoutPlugins]
        spec.examples = [
            "ostler plugin replay session.jsonl greet", "ostler plugin replay session.jsonl < requests.jsonl",
        ]
        spec.exitCodes = [
            .init("0", "as recorded"), .init("1", "something is different"),
            .init("3", "no recording, or no plugin, that can be used"), .init("5", "there is no sandbox"),
        ]
        spec.action = { try PluginReplayCommand($0).run() }
        return spec
    }()

    private let global: GlobalOptions
    private let file: String
    private let directory: String?
    private let plugin: String?
    private var patience: Int64 = 10_000

    private init(_ arguments: Arguments) throws(UsageError) {
        global = try GlobalOptions(arguments)
        file = arguments.parameter(0) ?? ""
        directory = arguments.parameter(1)
        plugin = arguments.value(Option.plugin)
        guard directory == nil || plugin == nil else { throw UsageError("--plugin is for standing in: without DIR") }
        if let text = arguments.value(Option.patience) {
            do throws(UnitTextError) {
                patience = try DurationText.milliseconds(text)
            } catch {
                throw UsageError("--patience: \(error)")
            }
        }
    }

    private func run() throws -> Int32 {
        let recording: Recording
        do throws(Recording.Fault) {
            recording = try Recording.read(file)
        } catch {
            Log.error(error.description, code: error.code.rawValue)
            throw Exit(.invalid)
        }
        guard let directory else { return try standIn(recording) }
        let context = try RunContext(global)
        let catalog = try PluginAt.catalog(directory)
        let found = catalog.plugins[0]
        try check(recording, found)
        let settings = context.settings(catalog: catalog)
        let patience = patience
        let result: Result<PluginReplay.Report, Failure> = EventLoop.shared.run {
            do throws(Failure) {
                let replay = PluginReplay(recording, plugin: found, settings: settings, patience: patience)
                return .success(try await replay.run())
            } catch {
                return .failure(error)
            }
        }
        switch result {
        case .success(let report): return try tell(report)
        case .failure(let failure):
            Log.failure(failure)
            return Outcome.sandboxError.exitCode
        }
    }

    /// A recording of another version of the plugin is what one replays after a change; of another plugin, a mistake.
    private func check(_ recording: Recording, _ plugin: InstalledPlugin) throws {
        let names = recording.plugins.map(\.name)
        guard let recorded = recording.plugins.first(where: { $0.name == plugin.manifest.name }) else {
            let known = names.joined(separator: ", ")
            Log.error(
                "the recording has no plugin \(plugin.manifest.name): it has \(known)",
                code: "recording_of_another"
            )
            throw Exit(.invalid)
        }
        if recorded.version != plugin.manifest.version {
            Log.info("recorded with version \(recorded.version), replayed with \(plugin.manifest.version)")
        } else if recorded.manifest != Recording.manifestDigest(of: plugin.directory) {
            Log.info("the manifest is not the one that was recorded")
        }
    }

    private func tell(_ report: PluginReplay.Report) throws -> Int32 {
        if global.json {
            var members: [(String, JSONValue)] = [
                ("same", .bool(report.difference == nil)), ("sessions", .number(.int(Int64(report.sessions)))),
                ("answers", .number(.int(Int64(report.answers)))),
            ]
            if let difference = report.difference {
                members.append(
                    (
                        "difference",
                        [
                            "line": .number(.int(Int64(difference.line))), "recorded": .string(difference.recorded),
                            "found": .string(difference.found),
                        ]
                    )
                )
            }
            try Results.write(json: .object(JSONObject(members)))
        } else if let difference = report.difference {
            try Results.write(
                "\(file):\(difference.line): not as recorded\n  recorded  \(difference.recorded)\n"
                    + "  found     \(difference.found)\n"
            )
        } else {
            try Results.write("as recorded (answers: \(report.answers), sessions: \(report.sessions))\n")
        }
        return report.difference == nil ? 0 : Outcome.failed.exitCode
    }

    // MARK: Standing in

    /// Serves stdin and stdout until the host has said `shutdown` or is gone.
    private func standIn(_ recording: Recording) throws -> Int32 {
        var standIn = StandIn(recording, plugin: plugin)
        var parser = FrameParser()
        while !standIn.isDone {
            let count = parser.withTail { tail in
                let count = read(0, tail.baseAddress, tail.count)
                return (max(count, 0), count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return 0 }
            while let event = parser.next() {
                guard case .frame(let range) = event else { continue }
                let answer = standIn.answer(parser.withBytes(range) { Array($0) })
                if !answer.isEmpty { try Results.write(String(decoding: answer, as: UTF8.self)) }
            }
        }
        return 0
    }
}
