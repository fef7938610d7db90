internal import OstlerJSON
internal import OstlerSystem

extension ConformanceCheck {
    /// What no host does, and may still come.
    static let adversity: [ConformanceCheck] = [
        ConformanceCheck(
            "S1-garbage",
            "takes no line for a task that is no message, and still ends with its stdin",
            remedy: "refuse what is no valid JSON in UTF-8; to exit with an error is right as well",
            level: .should,
            trial: garbage
        )
    ]

    @LoopActor
    private static func garbage(_ run: ConformanceRun) async throws {
        let sample = try run.requirePlain()
        for spoil in spoilers {
            try await run.session { peer in
                let task = try await run.prepare(sample, for: peer)
                peer.announce(task.request)
                peer.send(raw: spoil.change(Array(task.request.line.dropLast())) + [10])
                _ = await peer.wait { peer.hasTakenAll || peer.isGone }
                peer.closeStdin()
                guard await peer.wait(for: { peer.isGone }) else {
                    throw TrialEnd.failed("\(spoil.name): it did not end with its stdin")
                }
                if spoil.isNoJSON, let answer = peer.rules.answers[task.request.id], case .result = answer.body {
                    throw TrialEnd.failed("\(spoil.name): taken for a task: \(answer.excerpt)")
                }
            }
        }
    }

    private struct Spoiler: Sendable {
        let name: String
        /// A reader that makes do with some bytes that are no UTF-8 does no harm; one that guesses at JSON does.
        let isNoJSON: Bool
        let change: @Sendable ([UInt8]) -> [UInt8]
    }

    private static let spoilers = [
        Spoiler(name: "a line that is cut off", isNoJSON: true) { Array($0.dropLast(2)) },
        Spoiler(name: "bytes that are no UTF-8", isNoJSON: false) { line in
            Array(line.dropLast(1)) + Array(#","novel":""#.utf8) + [0xC3, 0x28, 0xFF] + Array("\"}".utf8)
        },
    ]
}
