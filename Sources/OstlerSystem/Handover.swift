internal import Synchronization

/// Something that one task gives to another, who takes it: as nobody else has it then, it can be changed without a copy.
package final class Handover<Value: Sendable>: Sendable {
    private let value: Mutex<Value?>

    package init(_ value: Value) {
        self.value = Mutex(value)
    }

    /// Takes it, once.
    package func take() -> Value {
        guard let value = value.withLock({ $0.take() }) else { preconditionFailure("it has been taken before") }
        return value
    }
}
