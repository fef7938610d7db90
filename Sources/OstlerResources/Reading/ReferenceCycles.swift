/// The cycles of resources that name each other, found in one walk: no reference is looked at twice.
struct ReferenceCycles {
    /// One reference of a cycle: the resource that makes it, and which of its references it is.
    struct Step: Hashable {
        let index: Int
        let edge: Int
    }

    /// Each cycle by the references that make it; the last leads to the first.
    private(set) var told: [[Step]] = []
    /// The references of all cycles that are told.
    private(set) var steps: Set<Step> = []

    private enum State {
        case unseen
        /// On the way that is being walked.
        case open
        case done
    }

    /// - Parameters:
    ///   - targets: of each resource, where its references lead; nil for one that leads nowhere.
    ///   - limit: how many cycles are kept. The others are still known by their references that lead down.
    init(_ targets: [[Int?]], limit: Int) {
        var states = [State](repeating: .unseen, count: targets.count)
        for start in targets.indices where states[start] == .unseen {
            var way = [Step(index: start, edge: 0)]
            states[start] = .open
            while let last = way.last {
                guard last.edge < targets[last.index].count else {
                    states[last.index] = .done
                    way.removeLast()
                    // The reference that led here has been dealt with.
                    if let before = way.popLast() { way.append(Step(index: before.index, edge: before.edge + 1)) }
                    continue
                }
                let next = targets[last.index][last.edge]
                if let next, states[next] == .unseen {
                    states[next] = .open
                    way.append(Step(index: next, edge: 0))
                    continue
                }
                if let next, states[next] == .open { keep(way, from: next, limit) }
                way[way.count - 1] = Step(index: last.index, edge: last.edge + 1)
            }
        }
    }

    private mutating func keep(_ way: [Step], from start: Int, _ limit: Int) {
        guard told.count < limit else { return }
        let cycle = Array(way.drop { $0.index != start })
        told.append(cycle)
        steps.formUnion(cycle)
    }
}
