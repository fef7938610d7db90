internal import OstlerJSON

/// What a task says to the queue that it is put into. A task that is run at once has no use for it.
package struct QueueRequest: Sendable, Equatable {
    /// When a task may begin at the earliest.
    package enum Start: Sendable, Equatable {
        /// Milliseconds since 1970.
        case at(Int64)
        /// Milliseconds from its submission on.
        case later(Int64)

        /// Milliseconds since 1970.
        /// - Parameter now: likewise.
        package func moment(from now: Int64) -> Int64 {
            switch self {
            case .at(let moment): moment
            case .later(let wait): now + wait
            }
        }

        /// Reads `2026-03-01T08:30:00Z` or a duration such as `10m`; nil for anything else.
        package init?(_ text: String) {
            if let moment = TimestampText.milliseconds(text) {
                self = .at(moment)
            } else if let wait = try? DurationText.milliseconds(text) {
                self = .later(wait)
            } else {
                return nil
            }
        }

        /// The accepted forms, for messages.
        package static let forms = "a time such as \(TimestampText.form), or a duration such as 10m"
    }

    /// Nil for the standard queue.
    package var queue: String?
    /// Tasks that must succeed first: ids of the same batch, or of tasks that a store has accepted.
    package var after: [String] = []
    /// Words that a worker must have, all of them.
    package var needs: [String] = []
    package var notBefore: Start?
    /// Milliseconds from its submission on, after which it is no longer worth beginning.
    package var timeToLive: Int64?
    package var retry: RetryPolicy?

    package init() {}

    /// Takes what is said of the tries of all tasks, unless the task itself wants no second one.
    package mutating func inherit(_ retry: RetryPolicy) {
        if self.retry?.attempts != 1 { self.retry = retry }
    }

    /// The words that name it in a task.
    package static let members = ["queue", "after", "needs", "not_before", "ttl", "retry"]

    /// What the name of a queue and a word of ``needs`` must be, as a message says it.
    package static let wordRule = "1 to 100 of the letters a-z and A-Z, digits and . _ - = / : @"

    /// Whether a text may name a queue or a need: what is listed and stored one a line, and typed without quotes.
    package static func isWord(_ text: String) -> Bool {
        let bytes = text.utf8
        return (1...100).contains(bytes.count)
            && bytes.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || "._-=/:@".utf8.contains(byte)
            }
    }
}

extension RetryPolicy {
    /// The most tries that can be asked for.
    package static let mostAttempts = 1000

    /// Reads `3`, `5:constant`, `5:exponential:1s` or `5:exponential:1s:60s`; nil for anything else.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard (1...4).contains(parts.count), let attempts = Int(parts[0]), (1...Self.mostAttempts).contains(attempts)
        else { return nil }
        var policy = RetryPolicy(attempts: attempts)
        if parts.count > 1 {
            guard let backoff = Backoff(rawValue: parts[1]) else { return nil }
            policy.backoff = backoff
        }
        if parts.count > 2 {
            guard let least = try? DurationText.milliseconds(parts[2]) else { return nil }
            policy.least = least
            policy.most = max(policy.most, least)
        }
        if parts.count > 3 {
            guard let most = try? DurationText.milliseconds(parts[3]), most >= policy.least else { return nil }
            policy.most = most
        }
        self = policy
    }
}
