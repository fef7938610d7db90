import Glibc
import OstlerStore

/// A thread of a measurement.
final class BenchThread: Sendable {
    private let store: SQLiteTaskStore
    private let body: @Sendable (SQLiteTaskStore) -> Void

    private init(_ store: SQLiteTaskStore, _ body: @escaping @Sendable (SQLiteTaskStore) -> Void) {
        (self.store, self.body) = (store, body)
    }

    /// - Returns: the thread; none if it could not be started.
    static func start(_ store: SQLiteTaskStore, _ body: @escaping @Sendable (SQLiteTaskStore) -> Void) -> [pthread_t] {
        var thread = pthread_t()
        let running = Unmanaged.passRetained(BenchThread(store, body)).toOpaque()
        let result = pthread_create(
            &thread,
            nil,
            { context in
                guard let context else { return nil }
                let running = Unmanaged<BenchThread>.fromOpaque(context).takeRetainedValue()
                running.body(running.store)
                return nil
            },
            running
        )
        return result == 0 ? [thread] : []
    }
}
