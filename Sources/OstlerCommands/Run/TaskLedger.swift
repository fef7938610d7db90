internal import OstlerProtocol
internal import OstlerSystem
internal import OstlerTasks

/// What came of the tasks of one run, for those whose guards name them.
@LoopActor
final class TaskLedger {
    private enum Entry {
        case open([UnsafeContinuation<Void, Never>])
        case over(PriorEvent)
    }

    /// What is named at all, by hashes; nil if that is not known beforehand.
    private let named: Set<UInt64>?
    private var entries: [UInt64: Entry] = [:]

    init(named: Set<UInt64>?) {
        self.named = named
    }

    /// A task that is to be run now: what stands before it in the file has begun before it.
    func begin(_ spec: TaskSpec) {
        for name in names(of: spec) { entries[name] = .open([]) }
    }

    func end(_ spec: TaskSpec, _ result: TaskResult) {
        for name in names(of: spec) {
            let entry = entries.updateValue(.over(result.priorEvent), forKey: name)
            guard case .open(let waiting) = entry else { continue }
            for continuation in waiting { continuation.resume() }
        }
    }

    /// Waits for all that a task names and that has begun.
    func settle(_ spec: TaskSpec) async {
        for reference in (spec.guards?.require ?? []) + (spec.guards?.subscribe ?? []) {
            let name = IDLedger.hash(reference.name)
            guard case .open(let waiting) = entries[name] else { continue }
            await withUnsafeContinuation { entries[name] = .open(waiting + [$0]) }
        }
    }

    /// What came of a task; nil for one that has not begun before.
    func event(of reference: GuardReference) -> PriorEvent? {
        guard reference.type == GuardReference.taskType,
            case .over(let event) = entries[IDLedger.hash(reference.name)]
        else { return nil }
        return event
    }

    private func names(of spec: TaskSpec) -> [UInt64] {
        let names = ([spec.id] + [spec.guards?.alias].compactMap(\.self)).map(IDLedger.hash)
        return named.map { named in names.filter(named.contains) } ?? names
    }
}
