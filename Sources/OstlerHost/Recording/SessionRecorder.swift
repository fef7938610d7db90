internal import OstlerCatalog
internal import OstlerConfig
internal import OstlerJSON
internal import OstlerProtocol
package import OstlerSystem

/// Keeps what a host and its plugins say to each other, until it is written as a ``Recording``.
///
/// Secrets are taken out when the file is made: only then are all of them known, and a secret that is cut in two by the
/// pieces of a task's output is found.
@LoopActor
package final class SessionRecorder {
    private enum Word {
        case started(plugin: String)
        case host([UInt8])
        case said([UInt8])
        case noise([UInt8])
        case ended(String)
    }

    private struct Line {
        let session: Int
        let moment: Instant
        let word: Word
    }

    private var lines: [Line] = []
    private var sessions = 0
    private var bytes = 0
    private var plugins: [InstalledPlugin] = []
    private var vault: SecretVault?
    private let startedAt = WallClock.milliseconds
    /// More was said than is kept.
    package private(set) var isFull = false
    /// Half of what a file may have: masks and times make it longer.
    private nonisolated static let maximumBytes = Recording.maximumBytes / 2

    package nonisolated init() {}

    /// A process of a plugin was started.
    func begin(_ plugin: InstalledPlugin, _ vault: SecretVault) -> Tap {
        self.vault = vault
        sessions += 1
        if !plugins.contains(where: { $0.manifest.name == plugin.manifest.name }) { plugins.append(plugin) }
        add(sessions, .started(plugin: plugin.manifest.name), 0)
        return Tap(self, sessions)
    }

    private func add(_ session: Int, _ word: Word, _ count: Int) {
        guard bytes + count <= Self.maximumBytes else { return isFull = true }
        bytes += count + 64
        lines.append(Line(session: session, moment: .now, word: word))
    }

    /// One session's way to the recorder.
    @LoopActor
    package struct Tap {
        private let recorder: SessionRecorder
        private let session: Int

        init(_ recorder: SessionRecorder, _ session: Int) {
            self.recorder = recorder
            self.session = session
        }

        func sent(_ line: ArraySlice<UInt8>) { recorder.add(session, .host(Array(line)), line.count) }
        func received(_ line: UnsafeBufferPointer<UInt8>) { recorder.add(session, .said(Array(line)), line.count) }
        func noise(_ line: UnsafeBufferPointer<UInt8>) { recorder.add(session, .noise(Array(line)), line.count) }
        func ended(_ how: String) { recorder.add(session, .ended(how), how.utf8.count) }
    }

    // MARK: Writing

    /// The file.
    package func file() -> [UInt8] {
        var masks = RecordingMasks(vault)
        var writer = JSONWriter()
        writer.value(header)
        writer.newline()
        let start = lines.first?.moment ?? .now
        var text: [(line: Line, value: (key: String, value: JSONValue))] = lines.enumerated().map {
            ($1, masked($1, at: $0, &masks))
        }
        for (index, message) in masks.finish() { text[index].value.value = message }
        for (line, member) in text {
            let time = line.moment.microseconds(since: start)
            writer.value(
                .object(
                    JSONObject([
                        ("session", .number(.int(Int64(line.session)))), member, ("us", .number(.int(time))),
                    ])
                )
            )
            writer.newline()
        }
        let digest = Recording.digest(writer.bytes[...])
        writer.value(["lines": .number(.int(Int64(lines.count + 1))), "sha256": .string(digest)])
        writer.newline()
        return writer.bytes
    }

    private func masked(_ line: Line, at index: Int, _ masks: inout RecordingMasks) -> (key: String, value: JSONValue) {
        switch line.word {
        case .started(let plugin): return ("plugin", .string(plugin))
        case .host(let bytes): return ("host", masks.masked(bytes))
        case .said(let bytes): return ("said", masks.masked(bytes, of: line.session, at: index))
        case .noise(let bytes): return ("noise", .string(masks.masked(String(decoding: bytes, as: UTF8.self))))
        case .ended(let text): return ("ended", .string(masks.masked(text)))
        }
    }

    private var header: JSONValue {
        [
            "ostler_recording": .number(.int(Recording.version)), "ostler": .string(OstlerVersion.text),
            "started": .string(WallClock.text(milliseconds: startedAt)),
            "plugins": .array(
                plugins.map {
                    [
                        "name": .string($0.manifest.name), "version": .string($0.manifest.version),
                        "manifest": .string(Recording.manifestDigest(of: $0.directory)),
                    ]
                }
            ),
        ]
    }
}

extension Recording {
    /// The SHA-256 of the manifest in a plugin's directory; empty if it cannot be read.
    package static func manifestDigest(of directory: String) -> String {
        guard let file = try? SmallFile.read(directory + "/plugin.yaml") else { return "" }
        return digest(file.bytes[...])
    }
}
