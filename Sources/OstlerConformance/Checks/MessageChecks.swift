internal import OstlerHost
internal import OstlerJSON
internal import OstlerSystem

extension ConformanceCheck {
    /// How messages may look and come.
    static let messages: [ConformanceCheck] = [
        ConformanceCheck(
            "M1-return",
            "takes lines that end in CR LF",
            remedy: "cut a CR off the end of a line before it is parsed",
            trial: { try await plain($0, "lines that end in CR LF") { $0.lineEnd = "\r\n" } }
        ),
        ConformanceCheck(
            "M1-split",
            "takes a message of which each byte comes by itself",
            remedy: "gather what is read until there is a line end; a read is not a message",
            trial: split
        ),
        ConformanceCheck(
            "M1-joined",
            "takes several messages that come at once",
            remedy: "look for further lines in what has been read before reading again",
            trial: joined
        ),
        ConformanceCheck(
            "M2-longest",
            "takes a line of max_frame_bytes",
            remedy: "do not read lines into a buffer of fixed size; max_frame_bytes of initialize is the limit",
            trial: longest
        ),
        ConformanceCheck(
            "M3-deep",
            "takes a message that nests 64 deep",
            remedy: "raise the depth of the JSON parser to 64",
            trial: { try await plain($0, "a message 64 deep") { $0.extra = [("novel", nested(63))] } }
        ),
        ConformanceCheck(
            "M3-strings",
            "takes every string that JSON can write",
            remedy: "use a whole JSON parser: NUL, surrogate pairs and characters outside of the basic plane are text",
            trial: { try await plain($0, "odd strings") { $0.extra = [("novel", oddStrings)] } }
        ),
        ConformanceCheck(
            "M12-members",
            "ignores members that it does not know",
            remedy: "read the members that you need and leave all others alone",
            trial: { try await plain($0, "unknown members") { $0.addNovelties() } }
        ),
        ConformanceCheck(
            "M12-order",
            "takes members in any order",
            remedy: "read messages by a JSON parser, not by their beginning",
            trial: { try await plain($0, "members in reverse") { $0.isReversed = true } }
        ),
        ConformanceCheck(
            "M13-method",
            "answers a method that it does not know with the error -32601",
            remedy: "end the chain of methods with an error {\"code\": -32601, \"message\": …}",
            trial: unknownMethod
        ),
    ]

    /// Has the plain task done with changed requests, and expects that nothing else has changed.
    @LoopActor
    static func plain(
        _ run: ConformanceRun,
        _ circumstance: String,
        _ change: @escaping @Sendable (inout KitRequest) -> Void
    ) async throws {
        let sample = try run.requirePlain()
        try await run.session(greets: false) { peer in
            _ = try await run.initialize(peer, change)
            try run.expectReference(try await run.perform(sample, by: peer, change), circumstance)
        }
    }

    @LoopActor
    private static func split(_ run: ConformanceRun) async throws {
        let sample = try run.requirePlain()
        try await run.session { peer in
            let task = try await run.prepare(sample, for: peer)
            peer.announce(task.request)
            await peer.sendByteByByte(task.request.line)
            try run.expectReference(try await run.reply(peer, to: task), "byte by byte")
        }
    }

    @LoopActor
    private static func joined(_ run: ConformanceRun) async throws {
        let sample = try run.requirePlain()
        try await run.session { peer in
            let task = try await run.prepare(sample, for: peer)
            let before = KitRequest("kit/before", id: peer.nextID())
            let behind = KitRequest("kit/behind", id: peer.nextID())
            let requests = [before, task.request, behind]
            for request in requests { peer.announce(request) }
            peer.send(raw: requests.flatMap(\.line))
            try run.expectReference(try await run.reply(peer, to: task), "three messages at once")
            for request in [before, behind] { _ = try await run.answer(peer, request.id, to: request.method) }
        }
    }

    @LoopActor
    private static func longest(_ run: ConformanceRun) async throws {
        let sample = try run.requirePlain()
        try await run.session { peer in
            let reply = try await run.perform(sample, by: peer) { request in
                request.extra = [("novel", "")]
                let room = ExecutorProcess.maximumFrameBytes - (request.line.count - 1)
                request.extra = [("novel", .string(String(repeating: "x", count: max(0, room))))]
            }
            try run.expectReference(reply, "a line of \(ExecutorProcess.maximumFrameBytes) bytes")
        }
    }

    /// Asks with ids that a careless reader takes for numbers.
    @LoopActor
    static func lookalikes(_ run: ConformanceRun) async throws {
        try await run.session(greets: false) { peer in
            peer.useIDs(high: 0, low: 0x1000)
            try await run.greet(peer)
            _ = try await run.ask(peer, "kit/unknown")
        }
    }

    @LoopActor
    private static func unknownMethod(_ run: ConformanceRun) async throws {
        try await run.session { peer in
            let answer = try await run.ask(peer, "kit/unknown")
            guard case .error = answer.body, answer.value["code"]?.number?.exactInteger == -32601 else {
                throw TrialEnd.failed("asked for kit/unknown: \(answer.excerpt)")
            }
        }
    }

    private static func nested(_ depth: Int) -> JSONValue {
        (1..<depth).reduce(.array([])) { inner, _ in .array([inner]) }
    }

    private static let oddStrings: JSONValue = .array([
        "\u{0}", "\u{7F}\u{80}", "\u{FFFE}\u{FFFF}\u{10FFFF}", "e\u{301} é", "\u{202E}\u{2028}\u{FEFF}", "😀", "\\u0041",
        "",
    ])
}

extension KitRequest {
    /// Members that no version knows, in the message and in its params.
    fileprivate mutating func addNovelties() {
        extra = [("novel", ["list": [[:], "{", 1]]), ("Method", "shutdown")]
        params["novel"] = true
        params["max_frames"] = [1, 2, 3]
    }
}
