/// The time that a resource's task may take. What its guards take is part of it.
struct TimeBudget {
    /// In milliseconds; nil for no limit.
    let limit: Int64?
    private let start: Int64
    private let clock: () -> Int64

    /// Begins now.
    /// - Parameter clock: microseconds of a clock that never jumps.
    init(milliseconds limit: Int64?, _ clock: @escaping () -> Int64) {
        (self.limit, self.clock, start) = (limit, clock, clock())
    }

    /// Milliseconds since it began.
    var spent: Int64 { (clock() - start) / 1000 }

    var isOver: Bool { limit.map { spent >= $0 } ?? false }

    /// What a next part may take, in milliseconds: what asks for no time at all would ask for no limit.
    var left: Int64? { limit.map { max(1, $0 - spent) } }
}
