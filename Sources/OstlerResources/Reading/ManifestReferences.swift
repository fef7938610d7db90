internal import OstlerConfig
internal import OstlerJSON
internal import OstlerTasks

/// Checks what resources say of each other, before anything runs.
struct ManifestReferences {
    /// What stands in the manifests beside the resources that could be read.
    struct Surroundings {
        /// Names and aliases of resources in which something is wrong.
        var unread: Set<GuardReference> = []
        /// Whether there may be names that nobody knows of, since a part could not be read.
        var hidesNames = false
    }

    /// What is wrong, and the resource that it is told with.
    private typealias Finding = (index: Int, problem: () -> ConfigError)
    /// A reference, and where it stands.
    private typealias Edge = (word: String, element: Int, reference: GuardReference)

    /// To look for the nearest among very many names would cost more than all the rest.
    private static let mostSuggested = 1000

    private let resources: [Resource]
    private let surroundings: Surroundings
    /// Each name and alias, and which resource has it.
    private var places: [GuardReference: Int] = [:]
    private var repeated: [(index: Int, reference: GuardReference)] = []

    init(_ resources: [Resource], _ surroundings: Surroundings = Surroundings()) {
        (self.resources, self.surroundings) = (resources, surroundings)
        for (index, resource) in resources.enumerated() {
            let alias = resource.guards.alias.map { GuardReference(type: resource.reference.type, name: $0) }
            let second = alias == resource.reference ? nil : alias
            for reference in [resource.reference, second].compactMap(\.self) {
                if places[reference] == nil { places[reference] = index } else { repeated.append((index, reference)) }
            }
        }
    }

    /// What is wrong, in the order of the manifest; many problems are only counted.
    func problems() -> (told: [ConfigError], omitted: Int) {
        let cycles = ReferenceCycles(resources.map(targets), limit: ProblemLog.limit)
        let findings = repeated.map(duplicate) + cycles.told.map(cycle) + astray(beside: cycles)
        // Not every sort keeps what is equal in its order.
        let sorted = findings.enumerated().sorted { ($0.element.index, $0.offset) < ($1.element.index, $1.offset) }
        let told = sorted.prefix(ProblemLog.limit).map { $0.element.problem() }
        return (told, findings.count - told.count)
    }

    private func edges(_ index: Int) -> [Edge] {
        let guards = resources[index].guards
        return [("subscribe", guards.subscribe), ("require", guards.require)].flatMap { word, references in
            references.enumerated().map { (word, $0.offset, $0.element) }
        }
    }

    /// Of each edge the resource that it leads to; nil for one that leads to none.
    private func targets(of resource: Resource) -> [Int?] {
        (resource.guards.subscribe + resource.guards.require).map { places[$0] }
    }

    // MARK: Findings

    private func duplicate(_ index: Int, _ reference: GuardReference) -> Finding {
        (
            index,
            {
                let first = places[reference].map { resources[$0].place.description } ?? ""
                return problem(
                    .duplicateName,
                    index,
                    nil,
                    "\(Quotation.bare(reference.description)) is there twice, first at \(first)",
                    hint: hint(forDuplicate: reference, index)
                )
            }
        )
    }

    private func hint(forDuplicate reference: GuardReference, _ index: Int) -> String {
        guard resources[index].reference == reference else { return "give one of them another alias" }
        return switch resources[index].body {
        case .exec: "give one of them another name, and write what it runs as its command"
        case .file: "say all that is to be said of a file in one resource"
        case .task: "give one of them another name"
        }
    }

    /// It is told at the reference that leads down, or to the resource itself: one of each cycle does.
    private func cycle(_ steps: [ReferenceCycles.Step]) -> Finding {
        let ends = steps.dropFirst().map(\.index) + steps.prefix(1).map(\.index)
        let down = zip(steps, ends).first { step, end in end >= step.index }?.0 ?? steps[0]
        return (
            down.index,
            {
                let names = (steps.map(\.index) + [steps[0].index]).map {
                    Quotation.bare(resources[$0].reference.description)
                }
                return problem(
                    .referenceCycle,
                    down.index,
                    edges(down.index)[down.edge],
                    "a cycle: " + names.joined(separator: " -> "),
                    hint: "let one of them not name the next"
                )
            }
        )
    }

    /// References to what is not there, or comes later; those of a cycle that is told are told with it.
    private func astray(beside cycles: ReferenceCycles) -> [Finding] {
        let names = places.count <= Self.mostSuggested ? places.keys.map(\.description).sorted() : []
        return resources.indices.flatMap { index in
            edges(index).enumerated().compactMap { number, edge -> Finding? in
                if let target = places[edge.reference] {
                    guard target >= index, !cycles.steps.contains(.init(index: index, edge: number)) else { return nil }
                    return (index, { later(edge, index, target) })
                }
                guard !surroundings.hidesNames, !surroundings.unread.contains(edge.reference) else { return nil }
                return (index, { unknown(edge, index, names) })
            }
        }
    }

    private func unknown(_ edge: Edge, _ index: Int, _ names: [String]) -> ConfigError {
        problem(
            .unknownReference,
            index,
            edge,
            "\(edge.word) names \(Quotation.text(edge.reference.description, longest: 80)), which is not in the manifest",
            hint: Suggestion.nearest(to: edge.reference.description, in: names).map { "did you mean \"\($0)\"?" }
        )
    }

    private func later(_ edge: Edge, _ index: Int, _ target: Int) -> ConfigError {
        let name = Quotation.bare(edge.reference.description)
        return problem(
            .laterReference,
            index,
            edge,
            "\(edge.word) names \(name), which comes later, at \(resources[target].place)",
            hint: "resources are done in the order in which they stand: move it up"
        )
    }

    /// - Parameter edge: the reference that is wrong; nil for the resource's name.
    private func problem(
        _ code: ConfigError.Code,
        _ index: Int,
        _ edge: Edge?,
        _ message: String,
        hint: String? = nil
    ) -> ConfigError {
        let place = resources[index].place
        let pointer = edge.map { place.pointer.member($0.word).element($0.element) }
        return ConfigError(
            code,
            file: place.document.file,
            position: pointer.map(place.document.nearestPosition) ?? place.position,
            pointer: pointer ?? place.pointer,
            message: message,
            hint: hint
        )
    }
}
