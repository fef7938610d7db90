import OstlerJSON
import OstlerProtocol
import OstlerTestSupport
import Testing

/// One frame of the protocol as it stands on the wire, line end included, and what reads it back.
struct GoldenFrame: CustomTestStringConvertible, Sendable {
    let name: String
    let kind: Envelope.Kind
    let method: String?
    let write: @Sendable (inout JSONWriter) -> Void
    /// Reads the inner part and tells whether it is the message that was written.
    let reads: @Sendable (inout JSONReader) throws -> Bool

    var testDescription: String { name }

    static let ids: MessageIDs = {
        var ids = MessageIDs(high: 0x0123_4567_89AB_CDEF, low: 0x0FED_CBA9_8765_4321)
        for _ in 0..<9 { _ = ids.next() }
        return ids
    }()

    static func id(_ number: Int) -> [UInt8] { ids.prefix + Array("\(number)".utf8) }

    /// A name of a file: that of a hook has a slash.
    private static func file(_ method: StaticString, _ part: String) -> String {
        method.description.replacing("/", with: "-") + "-" + part
    }

    static func request(_ number: UInt64, _ method: StaticString, _ message: some Coded & Sendable) -> GoldenFrame {
        GoldenFrame(
            name: file(method, "request"),
            kind: .request,
            method: method.description,
            write: { OutgoingFrame.request(&$0, id: number, of: ids, method: method, params: message.encode) },
            reads: { try type(of: message).init(reading: &$0) == message }
        )
    }

    static func result(_ number: Int, _ name: String, _ message: some Coded & Sendable) -> GoldenFrame {
        GoldenFrame(
            name: "\(name)-result",
            kind: .response,
            method: nil,
            write: { OutgoingFrame.response(&$0, id: id(number), body: message.encode) },
            reads: { try type(of: message).init(reading: &$0) == message }
        )
    }

    static func notification(_ name: String, _ method: StaticString, _ message: some Coded & Sendable) -> GoldenFrame {
        GoldenFrame(
            name: name,
            kind: .notification,
            method: method.description,
            write: { OutgoingFrame.notification(&$0, method: method, params: message.encode) },
            reads: { try type(of: message).init(reading: &$0) == message }
        )
    }

    static func empty(_ number: UInt64, _ method: StaticString) -> GoldenFrame {
        GoldenFrame(
            name: file(method, "request"),
            kind: .request,
            method: method.description,
            write: {
                OutgoingFrame.request(&$0, id: number, of: ids, method: method) {
                    $0.beginObject()
                    $0.endObject()
                }
            },
            reads: { try $0.skipValue().count == 2 }
        )
    }
}

extension GoldenFrame {
    private static let failure = Failure(
        "command_not_found",
        fault: .task,
        message: "the command \"nope\" is not there",
        pointer: JSONPointer("/payload/command"),
        hint: "name a program of the allow list"
    )

    private static let place = WorkspacePlace(
        workspace: "w1",
        handle: Array(#"{"directory":"/srv/w1"}"#.utf8),
        job: "build"
    )

    private static let shared: WorkspacePlace = {
        var shared = place
        shared.job = nil
        return shared
    }()

    private static func hook(_ hook: WorkspaceHook, _ place: WorkspacePlace, saved: String? = nil) -> GoldenFrame {
        var request = WorkspaceRequest(executor: "workshop", place: place)
        switch hook {
        case .setUpWorkspace, .setUpJob: request.spec = Array(#"{"image":"debian"}"#.utf8)
        case .saveArtifact, .restoreArtifact:
            request.artifact = .init(name: "result", path: "out/result", saved: saved.map { Array($0.utf8) })
        case .cleanUpJob, .cleanUpWorkspace: break
        }
        return .request(6, hook.method, request)
    }

    private static let inJob: ExecuteRequest = {
        var request = ExecuteRequest(
            task: "t2",
            executor: "workshop",
            runID: "r1",
            principal: "ann",
            payload: Array(#"{"file":"a","text":"b"}"#.utf8)
        )
        request.place = place
        return request
    }()

    private static let initialize = InitializeRequest(
        versions: ProtocolVersions(min: 0, max: 0),
        host: "ostler 0.1.0",
        maximumFrameBytes: 1 << 20,
        config: ["command": ["allowed_commands": ["ls", "cat"]]],
        launch: true
    )

    private static let execute: ExecuteRequest = {
        var request = ExecuteRequest(
            task: "t1",
            executor: "command",
            runID: "r1",
            principal: "ann",
            payload: Array(#"{"command":"ls","args":["-la"]}"#.utf8)
        )
        request.parentID = "t0"
        request.idempotencyKey = "k1"
        request.deadline = 1_767_225_600_000
        request.remaining = 30_000
        request.launch = 7
        request.hasStdin = true
        request.credit = 262_144
        request.environment = [("LANG", "C.UTF-8")]
        request.metadata = [("team", "x")]
        return request
    }()

    private static let failed: ExecuteResult = {
        var result = ExecuteResult(task: "t1", outcome: .failed, exitCode: -1)
        result.error = failure
        return result
    }()

    private static let succeeded: ExecuteResult = {
        var result = ExecuteResult(task: "t1", outcome: .succeeded, exitCode: 0)
        result.usage = .init(user: 850, system: 420, wall: 2100, peak: 1_638_400)
        result.metadata = Array(#"{"program":"/usr/bin/ls"}"#.utf8)
        return result
    }()

    private static let killed: ExecuteResult = {
        var result = ExecuteResult(task: "t1", outcome: .cancelled, exitCode: -1)
        result.signal = 15
        return result
    }()

    private static let progress: ProgressNotification = {
        var progress = ProgressNotification(task: "t1", value: 1.5)
        progress.total = 3
        progress.unit = "MiB"
        progress.message = "copying"
        return progress
    }()

    static let all: [GoldenFrame] = [
        .request(1, InitializeRequest.method, initialize),
        .result(
            1,
            "initialize",
            InitializeResult(
                version: 0,
                name: "command",
                pluginVersion: "0.1.0",
                executors: ["command"],
                heedsCredit: true
            )
        ),
        .request(2, ExecuteRequest.method, execute),
        .result(2, "execute-succeeded", succeeded),
        .result(2, "execute-failed", failed),
        .result(2, "execute-cancelled", killed),
        GoldenFrame(
            name: "execute-error",
            kind: .response,
            method: nil,
            write: { OutgoingFrame.response(&$0, id: id(2), member: "error", body: failure.encode) },
            reads: { try Failure(reading: &$0) == failure }
        ),
        .request(3, CancelRequest.method, CancelRequest(task: "t1", reason: .timeout, grace: 2000)),
        .result(3, "cancel", CancelResult(state: .cancelling)),
        .empty(4, HealthRequest.method),
        .result(4, "health", HealthResult(status: .degraded, detail: "the database answers slowly")),
        .empty(5, ShutdownRequest.method),
        .notification(
            "output-text",
            OutputNotification.method,
            OutputNotification(task: "t1", stream: .stdout, sequence: 0, bytes: Array("total 0\n".utf8))
        ),
        .notification(
            "output-base64",
            OutputNotification.method,
            OutputNotification(task: "t1", stream: .stderr, sequence: 1, bytes: [0xFF, 0xFE, 0x00])
        ),
        hook(.setUpWorkspace, WorkspacePlace(workspace: "w1")),
        .result(6, "workspace-setup", WorkspaceResult(handle: place.handle)),
        hook(.setUpJob, place),
        .request(6, ExecuteRequest.jobMethod, inJob),
        hook(.saveArtifact, place),
        .result(6, "artifact-save", WorkspaceResult(artifact: Array(#"{"bytes":4}"#.utf8))),
        hook(.restoreArtifact, place, saved: #"{"bytes":4}"#),
        hook(.cleanUpJob, place),
        hook(.cleanUpWorkspace, shared),
        .result(6, "job-cleanup", WorkspaceResult()),
        .notification("credit", CreditNotification.method, CreditNotification(task: "t1", bytes: 131_072)),
        .notification("progress", ProgressNotification.method, progress),
        .notification("log", LogNotification.method, LogNotification(level: .warning, message: "slow", task: "t1")),
    ]
}

@Suite struct `Golden frames` {
    private func bytes(of frame: GoldenFrame) -> [UInt8] {
        var writer = JSONWriter()
        frame.write(&writer)
        return writer.bytes
    }

    @Test(arguments: GoldenFrame.all)
    func `each frame is written as its file says`(_ frame: GoldenFrame) throws {
        try expectGolden(bytes(of: frame), "frames/\(frame.name).json")
    }

    @Test(arguments: GoldenFrame.all)
    func `each file is read as the message that it was written from`(_ frame: GoldenFrame) throws {
        let file = try contents(ofFile: Surroundings.packageRoot() + "/Tests/Fixtures/frames/\(frame.name).json")
        var parser = FrameParser()
        parser.append(file)
        guard case .frame(let range) = parser.next() else {
            Issue.record("not a frame")
            return
        }
        #expect(range.count == file.count - 1)
        try parser.withBytes(range) { bytes in
            var validator = JSONValidator()
            let envelope = try Envelope(checking: bytes, with: &validator)
            #expect(envelope.kind == frame.kind)
            #expect(envelope.method == frame.method)
            if frame.kind != .notification {
                let id = try #require(envelope.id)
                #expect(GoldenFrame.ids.number(of: bytes[id]) != nil)
            }
            let inner = try #require(envelope.params ?? envelope.result ?? envelope.error)
            var reader = JSONReader(UnsafeBufferPointer(rebasing: bytes[inner]))
            #expect(try frame.reads(&reader))
        }
        #expect(parser.next() == nil)
        #expect(parser.finish() == nil)
    }

    @Test func `there is no file without a frame`() {
        let files = namesOfDirectory(Surroundings.packageRoot() + "/Tests/Fixtures/frames")
        #expect(files == GoldenFrame.all.map { $0.name + ".json" }.sorted())
    }

    @Test func `the id comes first and the body last`() {
        for frame in GoldenFrame.all where frame.kind != .notification {
            let text = String(decoding: bytes(of: frame), as: UTF8.self)
            #expect(text.hasPrefix(#"{"id":"0123456789abcdef0fedcba987654321."#))
        }
        for frame in GoldenFrame.all {
            let text = String(decoding: bytes(of: frame), as: UTF8.self)
            #expect(text.hasSuffix("}}\n"))
            #expect(text.split(separator: "\n", omittingEmptySubsequences: false).count == 2)
        }
    }

    @Test func `frames can be collected in one buffer`() {
        var writer = JSONWriter()
        for frame in GoldenFrame.all { frame.write(&writer) }
        #expect(writer.bytes == GoldenFrame.all.flatMap(bytes(of:)))
        var parser = FrameParser()
        parser.append(writer.bytes)
        var count = 0
        while case .frame = parser.next() { count += 1 }
        #expect(count == GoldenFrame.all.count)
    }

    @Test func `an id is echoed as it stood in the request`() throws {
        var writer = JSONWriter()
        OutgoingFrame.response(&writer, id: Array(#"a\u002e1"#.utf8)) { $0.null() }
        #expect(writer.bytes == Array((#"{"id":"a\u002e1","jsonrpc":"2.0","result":null}"# + "\n").utf8))
    }
}
