internal import Glibc
internal import OstlerCatalog
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSystem

extension ConformanceCheck {
    /// The first request of a session, and the first task: what all else stands on.
    static let handshake: [ConformanceCheck] = [
        ConformanceCheck(
            "M18-start",
            "answers initialize within its start timeout",
            remedy: "answer initialize before any slow preparation, or raise limits.start_timeout in plugin.yaml",
            trial: start
        ),
        ConformanceCheck(
            "M16-version",
            "chooses the highest version that host and plugin speak",
            remedy: "answer with the smaller of protocol.max of the request and the highest version that you speak",
            trial: version
        ),
        ConformanceCheck(
            "M16-refusal",
            "refuses a host without a common version, and names both ranges",
            remedy:
                "compare the ranges; answer with an error such as \"this plugin speaks protocol 0, the host 7 to 9\"",
            trial: refusal
        ),
        ConformanceCheck(
            "M17-executors",
            "names itself and every executor of the manifest",
            remedy: "let name and executors of the answer to initialize be those of plugin.yaml",
            trial: executors
        ),
        ConformanceCheck(
            "M21-answer",
            "answers a task",
            remedy: "send a result for every execute, also if the work fails",
            trial: { run in
                let sample = try run.requirePlain()
                run.reference = try await run.session { peer in try await run.perform(sample, by: peer) }
            }
        ),
    ]

    @LoopActor
    private static func start(_ run: ConformanceRun) async throws {
        try await run.session(greets: false) { peer in
            let answer = try await run.initialize(peer)
            run.figures.startMicroseconds = Instant.now.microseconds(since: peer.startedAt)
            _ = answer
        }
    }

    @LoopActor
    private static func version(_ run: ConformanceRun) async throws {
        let spoken = run.plugin.manifest.protocolVersions
        for offered in [ProtocolVersions.supported, ProtocolVersions(min: 0, max: spoken.upperBound + 1000)] {
            let due = min(spoken.upperBound, offered.max)
            try await run.session(greets: false) { peer in
                let answer = try await run.initialize(peer) { $0.offer(offered) }
                guard case .result = answer.body, answer.value["protocol"]?.number?.exactInteger == Int64(due) else {
                    throw TrialEnd.failed("offered \(offered), \(due) is due: \(answer.excerpt)")
                }
            }
        }
    }

    @LoopActor
    private static func refusal(_ run: ConformanceRun) async throws {
        let spoken = run.plugin.manifest.protocolVersions
        let offered = ProtocolVersions(min: spoken.upperBound + 1007, max: spoken.upperBound + 1009)
        try await run.session(greets: false) { peer in
            let answer = try await run.initialize(peer) { $0.offer(offered) }
            guard case .error = answer.body else {
                throw TrialEnd.failed("offered \(offered), which it does not speak: \(answer.excerpt)")
            }
            let message = answer.value["message"]?.string ?? ""
            let numbers = [spoken.lowerBound, spoken.upperBound, offered.min, offered.max]
            let told = Set(message.split { !$0.isNumber }.compactMap { Int($0) })
            guard told.isSuperset(of: numbers) else {
                throw TrialEnd.failed(
                    "the message names not all of \(numbers.map(String.init).joined(separator: ", ")): "
                        + answer.excerpt
                )
            }
        }
    }

    @LoopActor
    private static func executors(_ run: ConformanceRun) async throws {
        let manifest = run.plugin.manifest
        let welcome = try await run.session(greets: false) { peer in try await run.greet(peer) }
        let missing = manifest.executors.map(\.name).filter { !welcome.executors.contains($0) }
        guard missing.isEmpty else {
            throw TrialEnd.failed("executors lacks \(missing.joined(separator: ", "))")
        }
        guard welcome.name == manifest.name else {
            throw TrialEnd.failed("it calls itself \(Quotation.text(welcome.name)), the manifest \(manifest.name)")
        }
    }
}

extension KitRequest {
    /// Changes `initialize` to offer other versions.
    fileprivate mutating func offer(_ versions: ProtocolVersions) {
        params["protocol"] = ["min": .number(.int(Int64(versions.min))), "max": .number(.int(Int64(versions.max)))]
    }
}
