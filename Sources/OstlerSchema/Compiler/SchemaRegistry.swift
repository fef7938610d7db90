import OstlerJSON

/// A document, or the part of one that has its own `$id`.
struct SchemaResource {
    let uri: SchemaURI
    let root: JSONValue
    /// Where the resource stands in its document.
    let pointer: JSONPointer
    let dialect: String
    /// Pointers inside the resource.
    var anchors: [String: String] = [:]
    var dynamicAnchors: [String: String] = [:]
}

/// A schema that has been found: in which resource, where in it, and what it is.
struct SchemaPlace {
    let resource: Int
    let pointer: String
    let value: JSONValue

    /// By bytes, since `String` takes canonically equivalent names for the same.
    var key: [UInt8] { Array("\(resource)#\(pointer)".utf8) }
}

/// Knows every document, and finds what a `$ref` means. Nothing is ever fetched.
struct SchemaRegistry {
    private(set) var resources: [SchemaResource] = []
    private var numbers: [String: Int] = [:]
    /// By the key of the place: the resource that begins there.
    private var embedded: [[UInt8]: Int] = [:]
    private static let maximumDepth = 128

    /// Takes in a document and the resources inside; gives the number of the resource at its root.
    @discardableResult
    mutating func register(_ document: JSONValue, as uri: String) throws(SchemaError) -> Int {
        let number = try register(document, base: SchemaURI(uri), pointer: .root, dialect: MetaSchemas.dialect)
        numbers[uri] = number
        try discover(SchemaPlace(resource: number, pointer: "", value: document), depth: 0)
        return number
    }

    private mutating func register(
        _ root: JSONValue,
        base: SchemaURI,
        pointer: JSONPointer,
        dialect: String
    ) throws(SchemaError) -> Int {
        var uri = base
        if let id = root["$id"] {
            guard let text = id.string, SchemaURI(text).fragment ?? "" == "" else {
                throw SchemaError(pointer: pointer.member("$id"), message: "\"$id\" must be a URI without a fragment")
            }
            uri = SchemaURI(text).resolved(against: base)
            uri.fragment = nil
        }
        if let schema = root["$schema"], schema.string == nil {
            throw SchemaError(pointer: pointer.member("$schema"), message: "\"$schema\" must be a URI")
        }
        let resource = SchemaResource(
            uri: uri,
            root: root,
            pointer: pointer,
            dialect: root["$schema"]?.string ?? dialect
        )
        resources.append(resource)
        numbers[uri.document] = resources.count - 1
        return resources.count - 1
    }

    /// Finds the anchors and the embedded resources of a schema, going only where schemas can stand.
    private mutating func discover(_ place: SchemaPlace, depth: Int) throws(SchemaError) {
        guard depth <= Self.maximumDepth else {
            throw SchemaError(pointer: pointer(to: place), message: "schemas nested too deeply")
        }
        guard let object = place.value.object else { return }
        var place = place
        if depth > 0, object["$id"] != nil {
            let parent = resources[place.resource]
            let child = try register(
                place.value,
                base: parent.uri,
                pointer: pointer(to: place),
                dialect: parent.dialect
            )
            embedded[place.key] = child
            place = SchemaPlace(resource: child, pointer: "", value: place.value)
        }
        if let anchor = object["$anchor"]?.string { resources[place.resource].anchors[anchor] = place.pointer }
        if let anchor = object["$dynamicAnchor"]?.string {
            resources[place.resource].dynamicAnchors[anchor] = place.pointer
        }
        for child in Self.children(of: place, object) { try discover(child, depth: depth + 1) }
    }

    private static func children(of place: SchemaPlace, _ object: JSONObject) -> [SchemaPlace] {
        func child(_ path: String, _ value: JSONValue) -> SchemaPlace {
            SchemaPlace(resource: place.resource, pointer: "\(place.pointer)/\(path)", value: value)
        }
        var children: [SchemaPlace] = []
        for keyword in SchemaKeywords.oneSchema {
            if let value = object[keyword] { children.append(child(keyword, value)) }
        }
        for keyword in SchemaKeywords.listOfSchemas {
            for (index, value) in (object[keyword]?.array ?? []).enumerated() {
                children.append(child("\(keyword)/\(index)", value))
            }
        }
        for keyword in SchemaKeywords.mapOfSchemas {
            for (key, value) in object[keyword]?.object?.members ?? [] {
                children.append(child("\(keyword)/\(JSONPointer.escape(key))", value))
            }
        }
        return children
    }

    // MARK: Finding

    /// Where a place stands in its document.
    func pointer(to place: SchemaPlace) -> JSONPointer {
        JSONPointer(resources[place.resource].pointer.description + place.pointer)
    }

    /// The root schema of a resource.
    func root(of resource: Int) -> SchemaPlace {
        SchemaPlace(resource: resource, pointer: "", value: resources[resource].root)
    }

    /// The child of a place, at a path of unescaped tokens; nil if there is nothing.
    func descend(from place: SchemaPlace, _ tokens: [String]) -> SchemaPlace? {
        var place = place
        for token in tokens {
            let value: JSONValue?
            switch place.value {
            case .object(let object): value = object[token]
            case .array(let elements):
                value = Int(token).flatMap { elements.indices.contains($0) && "\($0)" == token ? elements[$0] : nil }
            default: value = nil
            }
            guard let value else { return nil }
            let path = "\(place.pointer)/\(JSONPointer.escape(token))"
            place = SchemaPlace(resource: place.resource, pointer: path, value: value)
            if let resource = embedded[place.key] {
                place = SchemaPlace(resource: resource, pointer: "", value: value)
            }
        }
        return place
    }

    /// The schema that a reference means; the fault is one clause without a subject.
    mutating func resolve(_ reference: String, from resource: Int) throws(ReferenceError) -> SchemaPlace {
        let target = SchemaURI(reference).resolved(against: resources[resource].uri)
        guard let number = try self.resource(target.document) else {
            throw ReferenceError(
                message:
                    "leads to \(Quotation.text(target.document, longest: 80)), which is not known; nothing is fetched"
            )
        }
        let root = root(of: number)
        guard let fragment = target.fragment, !fragment.isEmpty else { return root }
        guard let decoded = SchemaURI.decoded(fragment) else {
            throw ReferenceError(message: "has a fragment that is not UTF-8")
        }
        if !decoded.utf8.starts(with: "/".utf8) {
            let resource = resources[number]
            guard let pointer = resource.anchors[decoded] ?? resource.dynamicAnchors[decoded],
                let place = descend(from: root, Self.tokens(pointer))
            else {
                let known = Array(resource.anchors.keys) + Array(resource.dynamicAnchors.keys)
                let clause = Suggestion.clause(for: decoded, in: known.sorted())
                throw ReferenceError(
                    message: "names the anchor \(Quotation.text(decoded)), which does not exist\(clause)"
                )
            }
            return place
        }
        guard let place = descend(from: root, Self.tokens(decoded)) else {
            throw ReferenceError(message: "leads to \(Quotation.text(decoded, longest: 80)), where nothing stands")
        }
        return place
    }

    /// The number of the resource with that URI; the documents of JSON Schema itself are taken in when they are asked for.
    private mutating func resource(_ uri: String) throws(ReferenceError) -> Int? {
        if let known = numbers[uri] { return known }
        guard let document = MetaSchemas.document(uri) else { return nil }
        do {
            return try register(document, as: uri)
        } catch {
            throw ReferenceError(message: "leads to a broken document: \(error.message)")
        }
    }

    /// By scalars: a slash and what stands around it may be one `Character`.
    private static func tokens(_ pointer: String) -> [String] {
        pointer.unicodeScalars.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map { scalars in
            let token = Substring(scalars)
            guard token.utf8.contains(UInt8(ascii: "~")) else { return String(token) }
            return token.split(separator: "~1", omittingEmptySubsequences: false)
                .map { $0.split(separator: "~0", omittingEmptySubsequences: false).joined(separator: "~") }
                .joined(separator: "/")
        }
    }

    // MARK: Dialects

    /// Which keywords count in a resource, by its `$schema`.
    mutating func vocabularies(of resource: Int) throws(SchemaError) -> SchemaVocabularies {
        let (dialect, pointer) = (resources[resource].dialect, resources[resource].pointer.member("$schema"))
        if dialect == MetaSchemas.dialect || dialect == MetaSchemas.dialect + "#" { return .all }
        guard let known = numbers[dialect] else {
            let message =
                "\(Quotation.text(dialect)) is not known; the one version that is understood is \(MetaSchemas.dialect)"
            throw SchemaError(pointer: pointer, message: message)
        }
        guard let wanted = resources[known].root["$vocabulary"]?.object else { return .all }
        var vocabularies: SchemaVocabularies = []
        for (uri, isRequired) in wanted.members where !vocabularies.insert(uri: uri) && isRequired.bool == true {
            throw SchemaError(
                pointer: pointer,
                message: "the dialect needs the vocabulary \(Quotation.text(uri, longest: 80)), which is not known"
            )
        }
        return vocabularies
    }
}

/// Why a reference cannot be followed, as a clause whose subject is the reference.
struct ReferenceError: Error, Equatable {
    let message: String
}
