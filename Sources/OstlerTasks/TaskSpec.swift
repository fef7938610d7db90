/// One piece of work as it was submitted.
package struct TaskSpec: Sendable {
    /// What the environment of a task's commands starts from.
    package enum EnvironmentMode: String, Sendable, CaseIterable {
        /// `PATH`, `HOME`, `LANG` and the like, then the task's own.
        case minimal
        /// Only the task's own.
        case clean
    }

    /// Which sandbox the task asks for; it can only narrow what the config allows.
    package struct SandboxRequest: Sendable, Equatable {
        package var profile: String?

        package init(profile: String? = nil) {
            self.profile = profile
        }
    }

    package var id: String
    package var executor: String
    /// The very bytes that the submitter sent.
    package var payload: [UInt8] {
        didSet { isPayloadChecked = false }
    }
    /// Set by whoever has checked with ``OstlerJSON/JSONValidator`` that the payload is JSON: the host then need not.
    package var isPayloadChecked = false
    /// How long the whole task may take, in milliseconds; nil for no limit.
    package var timeout: Int64?
    package var environment: [(key: String, value: String)] = []
    package var environmentMode: EnvironmentMode = .minimal
    package var sandbox = SandboxRequest()
    package var idempotencyKey: String?
    package var labels: [(key: String, value: String)] = []
    package var metadata: [(key: String, value: String)] = []
    package var priority: Int64 = 0

    package init(id: String, executor: String, payload: [UInt8]) {
        self.id = id
        self.executor = executor
        self.payload = payload
    }
}

/// Where a task comes from. Roles, audit and idempotency build on it.
package struct TaskOrigin: Sendable, Equatable {
    package var runID: String
    package var parentID: String?
    package var principal: String

    package init(runID: String, parentID: String? = nil, principal: String) {
        self.runID = runID
        self.parentID = parentID
        self.principal = principal
    }
}
