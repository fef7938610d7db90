/// Names a task in its store: the order in which tasks were accepted. A number is never given twice.
package struct TaskID: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    package let rawValue: Int64

    package init(rawValue: Int64) {
        self.rawValue = rawValue
    }

    /// Reads an id as ``description`` writes it; nil for anything else.
    package init?(_ text: some StringProtocol) {
        guard let number = Int64(text), number > 0, String(number) == text else { return nil }
        rawValue = number
    }

    package var description: String { String(rawValue) }

    package static func < (left: TaskID, right: TaskID) -> Bool { left.rawValue < right.rawValue }
}

/// Names a worker in its store, from its registration on. A number is never given twice.
package struct WorkerID: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    package let rawValue: Int64

    package init(rawValue: Int64) {
        self.rawValue = rawValue
    }

    package var description: String { String(rawValue) }

    package static func < (left: WorkerID, right: WorkerID) -> Bool { left.rawValue < right.rawValue }
}

/// The right to report on an attempt. It ends when the worker is evicted, or when another attempt is made.
package struct Lease: Hashable, Sendable {
    package var task: TaskID
    /// From 1 on; grows with each claim.
    package var attempt: Int
    package var worker: WorkerID

    package init(task: TaskID, attempt: Int, worker: WorkerID) {
        self.task = task
        self.attempt = attempt
        self.worker = worker
    }
}

/// A process that cannot be mistaken for another one, as a bare pid can.
package struct ProcessIdentity: Hashable, Sendable {
    /// `/proc/sys/kernel/random/boot_id`: pids and start times mean nothing after another boot.
    package var bootID: String
    package var pid: Int32
    /// Field 22 of `/proc/PID/stat`, in clock ticks since the boot.
    package var startTime: UInt64
    /// The cgroup that holds it and all that it starts; nil if it has none of its own.
    package var cgroup: String?
    /// What it is: `launcher`, `plugin`, `command`.
    package var role: String

    package init(bootID: String, pid: Int32, startTime: UInt64, cgroup: String? = nil, role: String) {
        self.bootID = bootID
        self.pid = pid
        self.startTime = startTime
        self.cgroup = cgroup
        self.role = role
    }
}
