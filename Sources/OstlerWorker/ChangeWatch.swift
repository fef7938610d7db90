internal import Glibc
internal import OstlerSystem

/// Tells when a file is written to, so that nobody has to ask the store over and over.
@LoopActor
final class ChangeWatch: EventHandler {
    private let descriptor: Int32
    private let action: @LoopActor () -> Void

    /// Nil if the file cannot be watched.
    /// - Parameter action: called after changes, once for those that come together.
    init?(_ path: String, _ action: @escaping @LoopActor () -> Void) {
        self.action = action
        descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        guard descriptor >= 0 else { return nil }
        guard inotify_add_watch(descriptor, path, UInt32(IN_MODIFY)) >= 0,
            (try? EventLoop.shared.watch(descriptor, for: .read, self)) != nil
        else {
            close(descriptor)
            return nil
        }
    }

    /// Stops watching.
    func end() {
        EventLoop.shared.unwatch(descriptor)
        close(descriptor)
    }

    func ready(_ events: Readiness) {
        // What came meanwhile is one change: it is read away in few calls.
        var scratch = [UInt8](repeating: 0, count: 4096)
        while read(descriptor, &scratch, scratch.count) > 0 {}
        action()
    }
}
