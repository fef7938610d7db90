/// The life of one attempt at a task inside the host, from dispatch to outcome.
///
/// ```
/// waiting ─start─> executing ─answer─> settling ─gone─> done
///                      │ cancel             ^
///                      v                    │ answer, executor lost
///                 cancelling(asked → killed → executorKilled)
///
/// executing ─undelivered─> waiting
/// waiting ─kept─> done
/// ```
package enum AttemptState: Sendable, Equatable {
    /// How far the cancel ladder has been climbed.
    package enum Stage: String, Sendable {
        /// The executor was asked by a frame; processes of the task got SIGTERM.
        case asked = "term"
        /// The task's sandboxes got SIGKILL.
        case killed = "kill"
        /// The executor's own sandbox got SIGKILL.
        case executorKilled = "executor_kill"
    }

    /// Not sent yet: the executor is starting or has no slot.
    case waiting
    case executing
    case cancelling(Stage)
    /// The answer is known; what the task left behind is being ended.
    case settling(Stage?)
    case done

    /// What can happen to an attempt.
    package enum Event: Sendable {
        case start
        /// Its guards have decided that it is not to be executed.
        case kept
        case cancel
        /// The executor answered, or is known never to answer.
        case answer
        /// The executor process is gone.
        case executorLost
        /// The executor process is gone, and has never taken the task.
        case undelivered
        /// No process of the task is left.
        case gone
        /// The time for the present step is over.
        case timer
    }

    /// What the host must do, in this order.
    package struct Actions: OptionSet, Sendable {
        package let rawValue: UInt16
        package init(rawValue: UInt16) { self.rawValue = rawValue }

        package static let sendExecute = Actions(rawValue: 1 << 0)
        package static let sendCancel = Actions(rawValue: 1 << 1)
        package static let terminateSandboxes = Actions(rawValue: 1 << 2)
        package static let killSandboxes = Actions(rawValue: 1 << 3)
        package static let killExecutor = Actions(rawValue: 1 << 4)
        /// Start the timer that belongs to the new state.
        package static let armTimer = Actions(rawValue: 1 << 5)
        /// End what is left of the task and wait for the proof.
        package static let settle = Actions(rawValue: 1 << 6)
        package static let finish = Actions(rawValue: 1 << 7)
        /// The proof did not come in time.
        package static let finishUnproven = Actions(rawValue: 1 << 8)
        /// Wait for another executor process.
        package static let enqueue = Actions(rawValue: 1 << 9)

        /// What any option set has; but that one is called through its protocol, ten times a task.
        package func contains(_ member: Actions) -> Bool { rawValue & member.rawValue == member.rawValue }
    }

    /// The one transition function. A pair that is not listed changes nothing.
    /// - Parameter launches: whether the task may have sandboxes of its own.
    package mutating func handle(_ event: Event, launches: Bool) -> Actions {
        switch (self, event) {
        case (.waiting, .start):
            self = .executing
            return .sendExecute
        case (.waiting, .cancel), (.waiting, .executorLost), (.waiting, .kept):
            self = .done
            return .finish
        case (.executing, .undelivered):
            self = .waiting
            return .enqueue
        case (.executing, .cancel):
            self = .cancelling(.asked)
            return launches ? [.sendCancel, .terminateSandboxes, .armTimer] : [.sendCancel, .armTimer]
        case (.executing, .answer), (.executing, .executorLost): return settle(nil, launches)
        case (.cancelling(let stage), .answer), (.cancelling(let stage), .executorLost): return settle(stage, launches)
        case (.cancelling(.asked), .timer) where launches:
            self = .cancelling(.killed)
            return [.killSandboxes, .armTimer]
        case (.cancelling(.asked), .timer), (.cancelling(.killed), .timer):
            self = .cancelling(.executorKilled)
            return [.killExecutor, .armTimer]
        // What waits has a timer only while a guard of it is being killed.
        case (.waiting, .timer), (.cancelling(.executorKilled), .timer), (.settling, .timer):
            self = .done
            return .finishUnproven
        case (.settling, .gone):
            self = .done
            return .finish
        default: return []
        }
    }

    private mutating func settle(_ stage: Stage?, _ launches: Bool) -> Actions {
        guard launches else {
            self = .done
            return .finish
        }
        self = .settling(stage)
        return [.settle, .armTimer]
    }
}
