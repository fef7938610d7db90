/// What may be done again when it is not known whether it was done.
package enum Idempotency: String, Sendable, CaseIterable {
    /// Has no effects.
    case pure
    /// Doing it twice is as doing it once.
    case idempotent
    /// As ``idempotent`` for one idempotency key.
    case keyed
    /// Not to be done again unless the task says so.
    case unsafe
}
