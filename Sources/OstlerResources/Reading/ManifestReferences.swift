internal import OstlerConfig
internal import OstlerJSON
internal import OstlerTasks

/// Checks what resources say of each other, before anything runs.
struct ManifestReferences {
    private let resources: [Resource]
    /// Each name and alias, and which resource has it.
    private var places: [GuardReference: Int] = [:]
    private var repeated: [(index: Int, reference: GuardReference)] = []

    init(_ resources: [Resource]) {
        self.resources = resources
        for (index, resource) in resources.enumerated() {
            let alias = resource.guards.alias.map { GuardReference(type: resource.reference.type, name: $0) }
            let second = alias == resource.reference ? nil : alias
            for reference in [resource.reference, second].compactMap(\.self) {
                if places[reference] == nil { places[reference] = index } else { repeated.append((index, reference)) }
            }
        }
    }

    /// What is wrong, in the order of the manifest; many problems of a kind are only counted.
    func problems() -> (told: [ConfigError], omitted: Int) {
        guard repeated.isEmpty else {
            let told = repeated.prefix(ProblemLog.limit).map { index, reference in
                let first = places[reference].map { resources[$0].place.description } ?? ""
                return problem(
                    .duplicateName,
                    index,
                    "\(Quotation.bare(reference.description)) is there twice, first at \(first)",
                    hint: "give one of them another name, or an alias of its own"
                )
            }
            return (told, repeated.count - told.count)
        }
        if let cycle = cycle() { return ([cycle], 0) }
        let wrong = resources.indices.flatMap { index in
            Self.edges(resources[index]).filter { places[$0.reference].map { $0 >= index } ?? true }.map { (index, $0) }
        }
        let told = wrong.prefix(ProblemLog.limit).map { index, edge in problem(of: edge, index) }
        return (told, wrong.count - told.count)
    }

    private static func edges(_ resource: Resource) -> [(word: String, reference: GuardReference)] {
        resource.guards.subscribe.map { ("subscribe", $0) } + resource.guards.require.map { ("require", $0) }
    }

    /// What is wrong with naming what is not there, or comes later.
    private func problem(of edge: (word: String, reference: GuardReference), _ index: Int) -> ConfigError {
        let (word, reference) = edge
        guard let target = places[reference] else {
            let known = places.keys.map(\.description).sorted()
            let near = Suggestion.nearest(to: reference.description, in: known)
            return problem(
                .unknownReference,
                index,
                "\(word) names \(Quotation.text(reference.description, longest: 80)), which is not in the manifest",
                hint: near.map { "did you mean \"\($0)\"?" }
            )
        }
        return problem(
            .laterReference,
            index,
            "\(word) names \(Quotation.bare(reference.description)), which comes later, at \(resources[target].place)",
            hint: "resources are done in the order in which they stand: move it up"
        )
    }

    private func problem(_ code: ConfigError.Code, _ index: Int, _ message: String, hint: String? = nil) -> ConfigError
    {
        let place = resources[index].place
        return ConfigError(
            code,
            file: place.document.file,
            position: place.position,
            pointer: place.pointer,
            message: message,
            hint: hint
        )
    }

    /// The first cycle, with its members. Only what goes from a resource to a later one can begin one.
    private func cycle() -> ConfigError? {
        var state = [Int](repeating: 0, count: resources.count)
        for start in resources.indices where state[start] == 0 {
            var way: [(index: Int, next: [Int])] = [(start, targets(of: start))]
            state[start] = 1
            while let last = way.last {
                guard let next = last.next.first else {
                    state[last.index] = 2
                    way.removeLast()
                    continue
                }
                way[way.count - 1].next.removeFirst()
                if state[next] == 1 {
                    let members = way.map(\.index).drop { $0 != next } + [next]
                    let text = members.map { Quotation.bare(resources[$0].reference.description) }
                    return problem(
                        .referenceCycle,
                        next,
                        "a cycle: " + text.joined(separator: " -> "),
                        hint: "let one of them not name the next"
                    )
                }
                guard state[next] == 0 else { continue }
                state[next] = 1
                way.append((next, targets(of: next)))
            }
        }
        return nil
    }

    private func targets(of index: Int) -> [Int] {
        Self.edges(resources[index]).compactMap { places[$0.reference] }
    }
}
