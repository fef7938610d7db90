/// What of the done tasks is kept. What is nil does not limit. Tasks that are not done are always kept.
package struct RetentionPolicy: Sendable, Equatable {
    /// Milliseconds since a task ended.
    package var age: Int64?
    /// Tasks: the latest ones are kept.
    package var count: Int?
    /// What the done tasks may take together: the latest ones are kept.
    package var bytes: Int64?

    package init(age: Int64? = nil, count: Int? = nil, bytes: Int64? = nil) {
        self.age = age
        self.count = count
        self.bytes = bytes
    }
}

/// What a policy would remove.
package struct RetentionPlan: Sendable, Equatable {
    package enum Reason: String, Sendable, CaseIterable {
        case age
        case count
        case bytes
    }

    /// How many go for which reason; each task counts for the first that fits.
    package var tasks: [Reason: Int]
    /// What they take; a blob that others share goes with the last of them.
    package var bytes: Int64
    /// When the oldest and the newest of them ended, in milliseconds since 1970.
    package var oldest: Int64?
    package var newest: Int64?
    /// What stays: done tasks and what they take.
    package var keptTasks: Int
    package var keptBytes: Int64

    package var total: Int { tasks.values.reduce(0, +) }
}
