internal import OstlerJSON

extension YAMLDocument {
    /// This document laid over another. Mappings are merged member by member, and a section with nothing in it changes
    /// nothing; whatever else this document has stands in place of what the other has.
    func laid(over base: YAMLDocument) -> YAMLDocument {
        let (root, places) = Self.merge((self.root, self.places.named(file)), (base.root, base.places.named(base.file)))
        return YAMLDocument(file: file, root: root, places: places)
    }

    /// The document without a member at its top.
    func removing(_ key: String) -> YAMLDocument {
        guard case .object(let object) = root, let index = object.members.firstIndex(where: { $0.key == key }) else {
            return self
        }
        var (kept, places) = (object, self.places)
        kept[key] = nil
        places.children.remove(at: index)
        return YAMLDocument(file: file, root: .object(kept), places: places)
    }

    private typealias Part = (value: JSONValue, places: YAMLPlaces)

    private static func merge(_ upper: Part, _ lower: Part) -> Part {
        guard case .object(let below) = lower.value else { return upper }
        if upper.value == .null { return lower }
        guard case .object(let above) = upper.value else { return upper }
        var values = below.members.map(\.value)
        var keys = below.members.map(\.key)
        var children = lower.places.children
        var known: [ExactKey: Int] = [:]
        for (index, key) in keys.enumerated() { known[ExactKey(key)] = index }
        for (member, places) in zip(above.members, upper.places.children) {
            if let index = known[ExactKey(member.key)] {
                (values[index], children[index]) = merge((member.value, places), (values[index], children[index]))
            } else {
                keys.append(member.key)
                values.append(member.value)
                children.append(places)
            }
        }
        var places = upper.places
        places.children = children
        return (.object(JSONObject(zip(keys, values))), places)
    }
}

extension YAMLPlaces {
    /// The same with the file that they are in, where they do not know it yet.
    fileprivate func named(_ name: String) -> YAMLPlaces {
        var places = self
        places.file = file ?? name
        places.children = children.map { $0.named(name) }
        return places
    }
}
