import OstlerTasks
import OstlerTestSupport
import Testing

@Suite struct `Life of an attempt` {
    typealias State = AttemptState
    typealias Event = AttemptState.Event
    typealias Actions = AttemptState.Actions

    private static let states: [State] = [
        .waiting, .executing, .cancelling(.asked), .cancelling(.killed), .cancelling(.executorKilled), .settling(nil),
        .settling(.asked), .settling(.killed), .settling(.executorKilled), .done,
    ]
    private static let events: [Event] = [.start, .kept, .cancel, .answer, .executorLost, .undelivered, .gone, .timer]

    /// One line of the table: what follows, with and without sandboxes of the task's own.
    private struct Row {
        let state: State
        let event: Event
        let launching: (State, Actions)
        let plain: (State, Actions)

        init(_ state: State, _ event: Event, _ next: State, _ actions: Actions) {
            (self.state, self.event, launching, plain) = (state, event, (next, actions), (next, actions))
        }

        init(_ state: State, _ event: Event, launching: (State, Actions), plain: (State, Actions)) {
            (self.state, self.event, self.launching, self.plain) = (state, event, launching, plain)
        }
    }

    private static let settled: (State, Actions) = (.done, .finish)

    private static func settling(_ stage: State.Stage?) -> (State, Actions) {
        (.settling(stage), [.settle, .armTimer])
    }

    /// Every pair that does something. What is not here changes nothing and asks for nothing.
    private static let table: [Row] = [
        Row(.waiting, .start, .executing, .sendExecute),
        Row(.waiting, .cancel, .done, .finish),
        Row(.waiting, .executorLost, .done, .finish),
        Row(.waiting, .kept, .done, .finish),
        Row(.waiting, .timer, .done, .finishUnproven),
        Row(
            .executing,
            .cancel,
            launching: (.cancelling(.asked), [.sendCancel, .terminateSandboxes, .armTimer]),
            plain: (.cancelling(.asked), [.sendCancel, .armTimer])
        ),
        Row(.executing, .answer, launching: settling(nil), plain: settled),
        Row(.executing, .executorLost, launching: settling(nil), plain: settled),
        Row(
            .cancelling(.asked),
            .timer,
            launching: (.cancelling(.killed), [.killSandboxes, .armTimer]),
            plain: (.cancelling(.executorKilled), [.killExecutor, .armTimer])
        ),
        Row(.cancelling(.asked), .answer, launching: settling(.asked), plain: settled),
        Row(.cancelling(.asked), .executorLost, launching: settling(.asked), plain: settled),
        Row(.cancelling(.killed), .timer, .cancelling(.executorKilled), [.killExecutor, .armTimer]),
        Row(.executing, .undelivered, .waiting, .enqueue),
        Row(.cancelling(.killed), .answer, launching: settling(.killed), plain: settled),
        Row(.cancelling(.killed), .executorLost, launching: settling(.killed), plain: settled),
        Row(.cancelling(.executorKilled), .timer, .done, .finishUnproven),
        Row(.cancelling(.executorKilled), .answer, launching: settling(.executorKilled), plain: settled),
        Row(.cancelling(.executorKilled), .executorLost, launching: settling(.executorKilled), plain: settled),
        Row(.settling(nil), .timer, .done, .finishUnproven),
        Row(.settling(nil), .gone, .done, .finish),
        Row(.settling(.asked), .timer, .done, .finishUnproven),
        Row(.settling(.asked), .gone, .done, .finish),
        Row(.settling(.killed), .timer, .done, .finishUnproven),
        Row(.settling(.killed), .gone, .done, .finish),
        Row(.settling(.executorKilled), .timer, .done, .finishUnproven),
        Row(.settling(.executorKilled), .gone, .done, .finish),
    ]

    @Test func `every state, every event, with and without sandboxes`() {
        var used = 0
        for state in Self.states {
            for event in Self.events {
                let row = Self.table.first { $0.state == state && $0.event == event }
                if row != nil { used += 1 }
                for launches in [true, false] {
                    let expected = row.map { launches ? $0.launching : $0.plain } ?? (state, [])
                    var next = state
                    let actions = next.handle(event, launches: launches)
                    #expect(next == expected.0, "\(state) \(event) launches \(launches)")
                    #expect(actions == expected.1, "\(state) \(event) launches \(launches)")
                }
            }
        }
        #expect(used == Self.table.count, "a row of the table names a pair twice")
    }

    @Test func `actions are told apart`() {
        let all: [Actions] = [
            .sendExecute, .sendCancel, .terminateSandboxes, .killSandboxes, .killExecutor, .armTimer, .settle, .finish,
            .finishUnproven, .enqueue,
        ]
        #expect(Set(all.map(\.rawValue)).count == all.count)
        #expect(all.allSatisfy { $0.rawValue.nonzeroBitCount == 1 })
    }

    @Test func `the stages are the words of the results`() {
        #expect(State.Stage.asked.rawValue == "term")
        #expect(State.Stage.killed.rawValue == "kill")
        #expect(State.Stage.executorKilled.rawValue == "executor_kill")
    }

    @Test(arguments: 0..<200)
    func `any walk keeps the promises`(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<50 {
            let launches = Bool.random(using: &random)
            var state = State.waiting
            var counts: [UInt16: Int] = [:]
            var steps: [Event] = []
            func count(_ action: Actions) -> Int { counts[action.rawValue] ?? 0 }
            for _ in 0..<40 {
                let before = state
                let event = Self.events[Int.random(in: 0..<Self.events.count, using: &random)]
                steps.append(event)
                let actions = state.handle(event, launches: launches)
                for bit in 0..<16 where actions.rawValue >> bit & 1 != 0 { counts[1 << UInt16(bit), default: 0] += 1 }
                if before == .done { #expect(state == .done && actions.isEmpty) }
                // Whoever waits has a timer that brings it further: nothing hangs.
                if state != before, state != .done, state != .executing, state != .waiting {
                    #expect(actions.contains(.armTimer), "\(steps)")
                }
                if !launches {
                    #expect(actions.isDisjoint(with: [.terminateSandboxes, .killSandboxes, .settle]), "\(steps)")
                }
                let ended = count(.finish) + count(.finishUnproven)
                #expect(ended == (state == .done ? 1 : 0), "\(steps)")
            }
            #expect(count(.sendExecute) <= 1 + count(.enqueue), "\(steps)")
            #expect(count(.sendCancel) <= 1, "\(steps)")
            #expect(count(.sendCancel) <= count(.sendExecute), "\(steps)")
            #expect(count(.killExecutor) <= 1, "\(steps)")
        }
    }

    @Test(arguments: states)
    func `a cancel and then time alone end it from anywhere`(_ state: State) {
        for launches in [true, false] {
            var state = state
            _ = state.handle(.cancel, launches: launches)
            for _ in 0..<4 where state != .done { _ = state.handle(.timer, launches: launches) }
            #expect(state == .done)
        }
    }

    @Test func `the ladder of a task with sandboxes climbs one step at a time`() {
        var state = State.waiting
        var taken: [Actions] = []
        for event in [Event.start, .cancel, .timer, .timer, .timer, .timer] {
            taken.append(state.handle(event, launches: true))
        }
        #expect(
            taken == [
                .sendExecute, [.sendCancel, .terminateSandboxes, .armTimer], [.killSandboxes, .armTimer],
                [.killExecutor, .armTimer], .finishUnproven, [],
            ]
        )
    }
}
