import OstlerTasks
import Testing

@Suite struct `The desired state after an execution` {
    private static let trigger = GuardReference(type: "task", name: "t")

    private static func missed(_ code: Int32, _ returns: String) -> DesiredState {
        .missed(
            why: "failed to reach desired state: exit code \(code): exit code \(code) not in allowed returns \(returns)"
        )
    }

    @Test(
        arguments: [
            (0, [], nil, false, .reached),
            (1, [], nil, false, missed(1, "[0]")),
            (0, [0], true, false, .reached),
            (1, [0, 1, 2], nil, false, .reached),
            (2, [0, 1, 2], nil, true, .reached),
            (3, [0, 1, 2], nil, false, missed(3, "[0, 1, 2]")),
            (0, [3], nil, false, missed(0, "[3]")),
            (3, [3], false, false, .reached),
            // What it was to create is there: the code is told, and it counts as reached.
            (1, [], true, false, .reachedDespite(exitCode: 1)),
            (1, [], false, false, missed(1, "[0]")),
            // Not for a subscription: the path may have been there before.
            (1, [], true, true, missed(1, "[0]")),
            (0, [], true, true, .reached),
        ] as [(Int32, [Int32], Bool?, Bool, DesiredState)]
    )
    func `each rule of exit codes`(
        _ code: Int32,
        _ returns: [Int32],
        _ created: Bool?,
        _ isRefresh: Bool,
        _ state: DesiredState
    ) {
        var guards = TaskGuards()
        guards.returns = ReturnCodes(returns)
        guards.creates = created.map { _ in "/x" }
        #expect(guards.judge(.exited(code), via: isRefresh ? Self.trigger : nil, created: created) == state)
    }

    @Test(arguments: [.signalled(9), .timedOut] as [RunEnd])
    func `a death by signal and a time-out are never a success`(_ end: RunEnd) {
        var guards = TaskGuards()
        guards.returns = ReturnCodes((0...255).map { Int32($0) })
        guards.creates = "/x"
        guard case .missed = guards.judge(end, via: nil, created: true) else {
            Issue.record("\(end) was taken for a success")
            return
        }
    }
}
