internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerResources
internal import OstlerTasks

/// The resources that a session has been asked for, by their names and aliases.
struct ResourceNames {
    /// More are not kept in mind.
    static let most = 100_000

    private var owners: [GuardReference: GuardReference] = [:]

    /// Takes the names of a resource. Throws if it refers to what was not asked for before it, or is named as another is.
    mutating func take(_ resource: Resource) throws(Failure) {
        let own = resource.reference
        let alias = resource.guards.alias.map { GuardReference(type: own.type, name: $0) }
        for (word, references) in [("subscribe", resource.guards.subscribe), ("require", resource.guards.require)] {
            for (index, reference) in references.enumerated() {
                let place = JSONPointer("/properties/\(word)/\(index)")
                if reference == own || reference == alias { throw .itself(reference, in: word, at: place) }
                if owners[reference] == nil { throw .unheard(reference, in: word, at: place, known: owners.keys) }
            }
        }
        for (name, place) in [(own, "name"), (alias, "alias")] {
            guard let name, let owner = owners[name], owner != own else { continue }
            throw .taken(name, by: owner, at: JSONPointer("/properties/\(place)"))
        }
        guard owners.count < Self.most || owners[own] != nil else { throw .tooManyResources }
        owners[own] = own
        if let alias { owners[alias] = own }
    }
}

extension Failure {
    fileprivate static func unheard(
        _ reference: GuardReference,
        in word: String,
        at place: JSONPointer,
        known: some Collection<GuardReference>
    ) -> Failure {
        let text = Quotation.text(reference.description, longest: 80)
        // To look for the nearest among very many would cost more than the request.
        let near =
            known.count > 1000 ? nil : Suggestion.nearest(to: reference.description, in: known.map(\.description))
        return Failure(
            "unknown_reference",
            fault: .user,
            message: "\(word) names \(text), which this session has not been asked for",
            pointer: place,
            hint: near.map { "did you mean \"\($0)\"?" }
                ?? "ask for that resource first; its answer need not be there yet"
        )
    }

    fileprivate static func itself(_ reference: GuardReference, in word: String, at place: JSONPointer) -> Failure {
        Failure(
            "reference_cycle",
            fault: .user,
            message: "\(word) names \(Quotation.text(reference.description, longest: 80)), the resource itself",
            pointer: place,
            hint: "leave it out"
        )
    }

    fileprivate static func taken(
        _ name: GuardReference,
        by owner: GuardReference,
        at place: JSONPointer
    ) -> Failure {
        let name = Quotation.text(name.description, longest: 80)
        return Failure(
            "duplicate_name",
            fault: .user,
            message: "\(name) is already a name of \(Quotation.text(owner.description, longest: 80))",
            pointer: place,
            hint: "give one of them a name or an alias that is free"
        )
    }

    fileprivate static let tooManyResources = Failure(
        "too_many_resources",
        fault: .user,
        retry: .after,
        message: "this session has been asked for \(ResourceNames.most) resources already",
        hint: "begin another one"
    )
}
