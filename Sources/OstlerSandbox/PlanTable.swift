/// A plan that the launcher has. It keeps it for as long as somebody holds this.
package final class LaunchPlan: Sendable {
    /// As the launcher knows it.
    package let number: UInt64

    package init(number: UInt64) {
        self.number = number
    }
}

/// The plans that a launcher has been told, by their policy.
///
/// Each costs the launcher a mount namespace. So those that nobody holds any more are given up when there are many, the
/// one that was asked for longest ago first: tasks may ask for as many different sandboxes as they like.
struct PlanTable {
    typealias Waiting = UnsafeContinuation<Result<LaunchPlan, LaunchFailure>, Never>

    private struct Entry {
        var plan: LaunchPlan
        /// Nil once the launcher has built its view.
        var waiting: [Waiting]?
        var lastAsked: UInt64
    }

    /// How many are kept.
    private let capacity: Int
    private var entries: [SandboxPolicy: Entry] = [:]
    private var policies: [UInt64: SandboxPolicy] = [:]
    private var asked: UInt64 = 0

    init(capacity: Int = 64) {
        self.capacity = capacity
    }

    var count: Int { entries.count }

    /// The plan for a policy, if its view stands.
    mutating func ready(_ policy: SandboxPolicy) -> LaunchPlan? {
        guard let entry = entries[policy], entry.waiting == nil else { return nil }
        asked += 1
        entries[policy]?.lastAsked = asked
        return entry.plan
    }

    /// Has somebody wait for a plan that is being made; false if there is none.
    mutating func join(_ policy: SandboxPolicy, _ waiting: Waiting) -> Bool {
        entries[policy]?.waiting?.append(waiting) != nil
    }

    /// A plan that the launcher is about to be told.
    mutating func add(_ policy: SandboxPolicy, number: UInt64, _ waiting: [Waiting]) {
        asked += 1
        entries[policy] = Entry(plan: LaunchPlan(number: number), waiting: waiting, lastAsked: asked)
        policies[number] = policy
    }

    /// The launcher has built a view, or could not.
    /// - Returns: the plan and who waits for it; nil if the number is of no plan that is being made.
    mutating func answered(_ number: UInt64, failed: Bool) -> (plan: LaunchPlan, waiting: [Waiting])? {
        guard let policy = policies[number], let entry = entries[policy], let waiting = entry.waiting else {
            return nil
        }
        entries[policy]?.waiting = nil
        if failed { remove(policy) }
        return (entry.plan, waiting)
    }

    /// Takes out what nobody holds, as long as there are too many.
    /// - Returns: the numbers of what is to be dropped.
    mutating func takeSurplus() -> [UInt64] {
        var surplus: [UInt64] = []
        while entries.count > capacity, let policy = longestIdle() { surplus += [remove(policy)].compactMap(\.self) }
        return surplus
    }

    /// Takes out the plans with a fence.
    /// - Returns: the numbers of what is to be dropped.
    mutating func take(of fence: ProgramFence) -> [UInt64] {
        entries.filter { $0.key.programs == fence && $0.value.waiting == nil }.compactMap { remove($0.key) }
    }

    /// Forgets all.
    /// - Returns: who waits.
    mutating func removeAll() -> [Waiting] {
        defer { (entries, policies) = ([:], [:]) }
        return entries.values.flatMap { $0.waiting ?? [] }
    }

    @discardableResult
    private mutating func remove(_ policy: SandboxPolicy) -> UInt64? {
        guard let entry = entries.removeValue(forKey: policy) else { return nil }
        policies[entry.plan.number] = nil
        return entry.plan.number
    }

    private mutating func longestIdle() -> SandboxPolicy? {
        // Without the plans themselves, which would be held by that.
        let ages = entries.compactMap { policy, entry in entry.waiting == nil ? (policy, age: entry.lastAsked) : nil }
        return ages.sorted { $0.age < $1.age }.map(\.0).first { isIdle($0) }
    }

    private mutating func isIdle(_ policy: SandboxPolicy) -> Bool {
        guard var entry = entries.removeValue(forKey: policy) else { return false }
        defer { entries[policy] = entry }
        return isKnownUniquelyReferenced(&entry.plan)
    }
}
