/// The life of one executor process.
///
/// ```
/// launching ─spawned─> greeting ─welcomed─> serving ─stop─> leaving ─ended─> ended
///      └──────────────────┴──────────────────┴── lost ────────┴─────────> ended
/// ```
package enum ProcessState: Sendable, Equatable {
    /// Its sandbox is being planned and built.
    case launching
    /// Waiting for the answer to `initialize`.
    case greeting
    case serving
    /// Told to go, or being killed; takes no more tasks.
    case leaving
    case ended

    package enum Event: Sendable {
        case spawned
        case welcomed
        case stop
        case ended
    }

    /// The one transition function; false for a pair that is not legal, which changes nothing.
    package mutating func handle(_ event: Event) -> Bool {
        switch (self, event) {
        case (.launching, .spawned): self = .greeting
        case (.greeting, .welcomed): self = .serving
        case (.launching, .stop), (.greeting, .stop), (.serving, .stop): self = .leaving
        case (.launching, .ended), (.greeting, .ended), (.serving, .ended), (.leaving, .ended): self = .ended
        default: return false
        }
        return true
    }

    /// Whether it can be given tasks now or soon.
    package var takesTasks: Bool {
        switch self {
        case .launching, .greeting, .serving: true
        case .leaving, .ended: false
        }
    }
}
