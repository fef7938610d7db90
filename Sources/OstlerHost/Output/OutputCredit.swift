internal import OstlerProtocol

/// How much a task of a plugin that heeds credit may still write. Pure: the caller sends what comes back.
struct OutputCredit {
    /// What a task has at its start, and at most ever.
    static let window = 256 << 10
    /// Many small messages are dear; too few would keep a fast plugin waiting.
    private static let worthTelling = window / 2
    /// Progress and log have no credit. So many may come of a task that nobody reads.
    private static let maximumNotices = 1000

    /// Taken since the plugin was last given credit.
    private(set) var taken = 0
    private var notices = 0

    mutating func take(_ bytes: Int) {
        taken += bytes
    }

    mutating func takeNotice() {
        notices += 1
    }

    /// The plugin has written more than a plugin that heeds credit can have.
    var isOverdrawn: Bool {
        taken > Self.window + OutputNotification.maximumBytes || notices > Self.maximumNotices
    }

    /// What to give, now that the reader is not behind; nil if it is not worth a message yet.
    /// - Parameter all: give it however little it is, since the plugin may be waiting for it.
    mutating func refill(all: Bool = false) -> Int? {
        notices = 0
        guard taken > 0, all || taken >= Self.worthTelling else { return nil }
        defer { taken = 0 }
        return taken
    }
}
