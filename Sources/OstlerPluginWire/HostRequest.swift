package import OstlerJSON
package import OstlerProtocol

/// A request or notification of the host, read completely.
package struct HostRequest {
    package enum Call {
        case initialize(InitializeRequest)
        case execute(ExecuteCall)
        case cancel(CancelRequest)
        case health
        case shutdown
        /// A notification: it has no id and no answer.
        case credit(CreditNotification)
        case unknown(method: String)
        /// A known method whose parameters do not fit it.
        case malformed(method: String, JSONError?)
    }

    /// The text of the id, without its quotes.
    package let id: [UInt8]
    package let call: Call
}

/// What `execute` says, by reference: a request is handed on many times, and a task is large.
package final class ExecuteCall: Sendable {
    package let request: ExecuteRequest

    fileprivate init(reading reader: inout JSONReader, context: Bool) throws(JSONError) {
        var request = ExecuteRequest(task: "", executor: "", runID: "", principal: "", payload: [])
        try request.read(&reader, context: context)
        self.request = request
    }
}

/// Why a line cannot be taken for a message of the protocol. After one, the stream cannot be trusted.
package struct MessageFault: Error, Equatable {
    package let reason: String
}

extension HostRequest {
    /// Reads one frame; nil for what means nothing here: unknown notifications, and answers, since this plugin asks
    /// nothing.
    /// - Parameter context: as ``HostInput/readsContext`` has it.
    package static func decode(
        _ frame: UnsafeBufferPointer<UInt8>,
        _ validator: inout JSONValidator,
        context: Bool = true
    ) throws(MessageFault) -> HostRequest? {
        let envelope: Envelope
        do {
            envelope = try Envelope(checking: frame, with: &validator)
        } catch {
            throw MessageFault(reason: "\(error.reason), at byte \(error.offset) of the line")
        }
        switch envelope.kind {
        case .response: return nil
        case .notification: return notification(envelope, frame)
        case .invalid(let reason): throw MessageFault(reason: reason)
        case .request: break
        }
        guard let id = envelope.id, !id.isEmpty, let method = envelope.method else {
            throw MessageFault(reason: "the id of a request must be a string that is not empty")
        }
        let params = envelope.params.map { UnsafeBufferPointer(rebasing: frame[$0]) }
        return HostRequest(id: Array(frame[id]), call: call(method, params, context))
    }

    private static func notification(_ envelope: Envelope, _ frame: UnsafeBufferPointer<UInt8>) -> HostRequest? {
        guard envelope.method == CreditNotification.method.description, let params = envelope.params else { return nil }
        var reader = JSONReader(UnsafeBufferPointer(rebasing: frame[params]))
        return (try? CreditNotification(reading: &reader)).map { HostRequest(id: [], call: .credit($0)) }
    }

    private static func call(_ method: String, _ params: UnsafeBufferPointer<UInt8>?, _ context: Bool) -> Call {
        guard let known = Method(method) else { return .unknown(method: method) }
        switch known {
        case .health: return .health
        case .shutdown: return .shutdown
        case .initialize, .execute, .cancel: break
        }
        guard let params else { return .malformed(method: method, nil) }
        var reader = JSONReader(params)
        do {
            return switch known {
            case .execute: .execute(try ExecuteCall(reading: &reader, context: context))
            case .initialize: .initialize(try InitializeRequest(reading: &reader))
            case .cancel, .health, .shutdown: .cancel(try CancelRequest(reading: &reader))
            }
        } catch {
            return .malformed(method: method, error)
        }
    }
}

/// The requests that a plugin knows.
private enum Method {
    case initialize
    case execute
    case cancel
    case health
    case shutdown

    /// The most frequent first. Made once, since a `StaticString` becomes a new `String` each time.
    private static let names = [
        (ExecuteRequest.method.description, Method.execute),
        (CancelRequest.method.description, .cancel),
        (HealthRequest.method.description, .health),
        (InitializeRequest.method.description, .initialize),
        (ShutdownRequest.method.description, .shutdown),
    ]

    init?(_ name: String) {
        guard let known = Self.names.first(where: { $0.0 == name }) else { return nil }
        self = known.1
    }
}
