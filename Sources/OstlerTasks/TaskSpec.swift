package import OstlerJSON
package import OstlerProtocol

/// One piece of work as it was submitted.
package struct TaskSpec: Sendable {
    /// What the environment of a task's commands starts from.
    package enum EnvironmentMode: String, Sendable, CaseIterable {
        /// `PATH`, `HOME`, `LANG` and the like, then the task's own.
        case minimal
        /// Only the task's own.
        case clean
        /// All that the caller has, then the task's own: for resources that are applied without a sandbox.
        case inherit

        /// Those that a task itself may name.
        package static let allCases: [EnvironmentMode] = [.minimal, .clean]
    }

    /// Which sandbox the task asks for; it can only narrow what the config allows.
    package struct SandboxRequest: Sendable, Hashable {
        package var profile: String?
        package var network: String?
        /// What is limited further; nil for no limit.
        package var limits: [SandboxLimit: Int64?]

        package init(profile: String? = nil, network: String? = nil, limits: [SandboxLimit: Int64?] = [:]) {
            self.profile = profile
            self.network = network
            self.limits = limits
        }

        /// Whether the task leaves its sandbox to the config.
        package var isEmpty: Bool { profile == nil && network == nil && limits.isEmpty }
    }

    package var id: String
    package var executor: String
    /// The very bytes that the submitter sent.
    package var payload: [UInt8] {
        didSet { isPayloadChecked = false }
    }
    /// Set by whoever has checked with ``OstlerJSON/JSONValidator`` that the payload is JSON: the host then need not.
    package var isPayloadChecked = false
    /// Whether it only asks: where its profile has namespaces it gets no network, and can change nothing of the host.
    package var isQuestion = false
    /// How long the whole task may take, in milliseconds: `.some(nil)` for no limit, nil for that of the configuration.
    package var timeout: Int64??
    /// How long its executor may take once it has the task, likewise.
    package var runTimeout: Int64??
    package var environment: [(key: String, value: String)] = []
    package var environmentMode: EnvironmentMode = .minimal
    package var sandbox = SandboxRequest()
    /// What its commands are to be told and nobody else.
    package var secrets: [SecretGrant] = []
    package var idempotencyKey: String?
    package var labels: [(key: String, value: String)] = []
    package var metadata: [(key: String, value: String)] = []
    package var priority: Int64 = 0
    /// The span that it is a part of, as W3C's Trace Context writes it; nil for that of whoever runs it.
    package var traceparent: String?
    /// When it is not to be run, and what counts as its success; nil for nothing said.
    @Boxed package var guards: TaskGuards?
    /// The job of a workspace that it is executed in.
    @Boxed package var place: WorkspacePlace?
    /// What it says to a queue; nil for nothing.
    @Boxed package var queueing: QueueRequest?

    package init(id: String, executor: String, payload: [UInt8]) {
        self.id = id
        self.executor = executor
        self.payload = payload
    }
}

extension TaskSpec {
    /// What an id must be, as a message says it.
    package static let idRule = "an id has 1 to 200 bytes and no control characters"

    package static func isID(_ text: String) -> Bool {
        let bytes = text.utf8
        return !bytes.isEmpty && bytes.count <= 200
            && text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    }

    /// How deep a payload may nest: the frame that carries it has two levels of its own.
    package static let maximumPayloadDepth = JSONReader.maximumDepth - 2

    /// What is wrong with a task beside its members' types; nil for a task that was read from a file.
    package var fault: Failure? {
        guard Self.isID(id) else {
            return Failure("invalid_id", fault: .user, message: Self.idRule, pointer: JSONPointer("/id"))
        }
        return nestingFault
    }

    /// The payload nests deeper than a frame can carry it.
    var nestingFault: Failure? {
        guard payload.withUnsafeBufferPointer(JSONReader.nesting) > Self.maximumPayloadDepth else { return nil }
        return Failure(
            "payload_too_deep",
            fault: .user,
            message:
                "the payload nests deeper than \(Self.maximumPayloadDepth) levels, the most that a frame can carry",
            pointer: JSONPointer("/payload")
        )
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
