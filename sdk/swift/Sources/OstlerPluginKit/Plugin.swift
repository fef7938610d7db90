internal import COstlerShims
internal import Glibc
internal import OstlerJSON
internal import OstlerPluginWire

/// Executors under one name, and the session with the host.
///
///     var plugin = Plugin("greet", version: "1.0.0")
///     plugin.executor("greet") { (task, greeting: Greeting) in
///         await task.write("hello \(greeting.name)\n")
///         return .succeeded
///     }
///     await plugin.run()
///
/// A handler says success; one that throws ``TaskFailed`` has failed with what that says; any other error is told as the
/// executor's own fault. Handlers run on Swift's pool of threads: what waits there must wait by `await`.
public struct Plugin: Sendable {
    /// Executes one task.
    typealias Handler = @Sendable (ExecutorTask) async throws -> TaskResult

    /// The name and version of `plugin.yaml`.
    public let name: String
    public let version: String
    private(set) var executors: [String: Handler] = [:]
    private(set) var health: @Sendable () -> Health = { Health() }

    public init(_ name: String, version: String = "0.0.0") {
        self.name = name
        self.version = version
    }

    /// Adds the executor of a name, whose tasks have a payload of this type; it replaces one of the same name.
    ///
    /// The payload has passed the schema of `plugin.yaml`. One that the type refuses all the same makes the task fail with
    /// `invalid_payload` and the place. Take ``OstlerJSON/JSONValue`` for a payload of any form.
    public mutating func executor<Payload: Decodable & Sendable>(
        _ name: String,
        _ body: @escaping @Sendable (ExecutorTask, Payload) async throws -> TaskResult
    ) {
        executors[name] = { task in try await body(task, try task.payload(as: Payload.self)) }
    }

    /// Sets what tells how the plugin is; without it, it is healthy. It is called while tasks run, and must return at once.
    public mutating func health(_ body: @escaping @Sendable () -> Health) {
        health = body
    }

    /// Serves the host until it says shutdown or is gone, then ends the process. Handlers that run then are cancelled and
    /// have half a second.
    public func run() async -> Never {
        ostler_ignore_sigpipe()
        guard let output = StandardStreams.takeOutput(), let waker = Waker() else {
            StandardStreams.complain(name, "standard input, output and error must be open")
            exit(2)
        }
        DetachedThread.start {
            let session = Session(self, HostInput(STDIN_FILENO), HostOutput(output), waker)
            exit(session.serve())
        }
        while true { await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in } }
    }
}

/// A thread that runs to its own end, outside of Swift's pool.
enum DetachedThread {
    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }

    static func start(_ run: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let argument = Unmanaged.passRetained(Body(run)).toOpaque()
        let status = pthread_create(
            &thread,
            nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            },
            argument
        )
        precondition(status == 0, "no thread can be started: \(String(cString: strerror(status)))")
        pthread_detach(thread)
    }
}
