internal import OstlerJSON
package import OstlerProtocol

/// Where a plugin's conversation with the host stands. It settles what is out of order, and what every plugin answers
/// alike; the rest it admits.
package struct Conversation {
    package enum State: Sendable, Equatable {
        case new
        case ready
        /// `shutdown` has been answered: what is written is still delivered, nothing new is begun.
        case closing
    }

    package private(set) var state = State.new

    package init() {}

    /// Whether a request is for the plugin to answer; any other is to be settled.
    package func admits(_ request: HostRequest) -> Bool {
        switch request.call {
        case .health, .credit: true
        case .initialize: state == .new
        case .execute: state == .ready
        case .cancel: state != .new
        case .shutdown, .unknown, .malformed: false
        }
    }

    /// Answers a request that is not admitted.
    package mutating func settle(_ request: HostRequest, _ output: HostOutput) {
        let id = request.id
        switch (state, request.call) {
        case (_, .unknown(let method)):
            output.refuse(id, -32601, "unknown_method", "this plugin has no method \"\(method)\"")
        case (_, .malformed(let method, let error)):
            let reason = error.map { ": \($0.reason), at byte \($0.offset)" } ?? ": there are none"
            output.refuse(id, -32602, "invalid_params", "the parameters of \"\(method)\" cannot be read\(reason)")
        case (_, .shutdown):
            state = .closing
            output.answer(id) { writer in
                writer.beginObject()
                writer.endObject()
            }
        case (.new, .execute), (.new, .cancel):
            output.refuse(id, -32002, "not_initialized", "the first request must be \"initialize\"")
        case (.ready, .initialize):
            output.refuse(id, -32600, "already_initialized", "\"initialize\" was answered before")
        case (.closing, .initialize), (.closing, .execute):
            output.refuse(id, -32600, "shutting_down", "\"shutdown\" was answered before")
        case (_, .health), (_, .credit), (.new, .initialize), (.ready, .execute), (_, .cancel): break
        }
    }

    /// The version of this session; nil, and the request is refused, if the two sides have none in common.
    package func version(_ id: [UInt8], _ request: InitializeRequest, _ output: HostOutput) -> Int? {
        if let version = ProtocolVersions.supported.negotiate(with: request.versions) { return version }
        let failure = Failure(
            "protocol_version",
            fault: .executor,
            message: request.versions.refusal(ofPlugin: .supported),
            hint: "install a plugin and a host of the same release"
        )
        output.refuse(id, code: -32000, failure)
        return nil
    }

    /// The plugin answers `initialize`: from now on it takes tasks.
    package mutating func begin(_ id: [UInt8], _ result: InitializeResult, _ output: HostOutput) {
        state = .ready
        output.answer(id) { result.encode(into: &$0) }
    }
}

extension HostOutput {
    /// Refuses a request that the host should not have sent.
    package func refuse(_ id: [UInt8], _ number: Int, _ code: String, _ message: String) {
        refuse(id, code: number, Failure(code, fault: .host, message: message))
    }
}
