package import OstlerJSON

/// A place in a text: line and column, counted from 1 in characters.
package struct YAMLPosition: Sendable, Equatable, Comparable {
    package let line: Int
    package let column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    package static func < (left: YAMLPosition, right: YAMLPosition) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// A YAML text as a JSON document that knows where each value stands.
///
/// The dialect is small on purpose. A plain scalar is a boolean only as `true` or `false`, null only as `null`, `~` or
/// nothing, a number only if it is written as JSON writes it; all else is text. Refused: more than one document,
/// keys that are not text, the same key twice, anchors and aliases (and so what can be blown up with them), merge keys,
/// tags, texts above ``maximumBytes`` and nesting deeper than JSON's reader takes. A text that is JSON as a whole is read as
/// that.
package struct YAMLDocument: Sendable {
    /// The largest text that is read.
    package static let maximumBytes = 1 << 20

    /// The file as the user knows it; it stands in every message.
    package let file: String
    /// The document; null if the text is empty.
    package let root: JSONValue
    let places: YAMLPlaces
    /// Whether its values stand in a text, and so have positions.
    package let isText: Bool

    /// Parses one document.
    package init(parsing bytes: [UInt8], file: String) throws(ConfigError) {
        self.file = file
        isText = true
        try YAMLText.check(bytes, file: file)
        (root, places) = try bytes.withUnsafeBufferPointer { (buffer) throws(ConfigError) -> (JSONValue, YAMLPlaces) in
            if let document = JSONComposer.document(buffer) { return document }
            var composer = YAMLComposer(buffer, file: file)
            return try composer.document()
        }
    }

    init(file: String, root: JSONValue, places: YAMLPlaces) {
        (self.file, self.root, self.places) = (file, root, places)
        isText = true
    }

    /// A document that was never a text: all that is known of a place in it is its pointer.
    /// - Parameter name: what it is called in place of a file.
    package init(of value: JSONValue, name: String) {
        (file, root, places) = (name, value, YAMLPlaces(value: YAMLPosition(line: 1, column: 1)))
        isText = false
    }

    /// Parses text; see ``init(parsing:file:)-([UInt8],_)``.
    package init(parsing text: String, file: String) throws(ConfigError) {
        try self.init(parsing: Array(text.utf8), file: file)
    }

    /// Where the value at `pointer` begins; nil if the document has no such value.
    package func position(of pointer: JSONPointer) -> YAMLPosition? {
        let found = places(at: pointer)
        return found.isExact ? found.places.value : nil
    }

    /// Where the value at `pointer` begins, or what encloses it if it is absent.
    package func nearestPosition(to pointer: JSONPointer) -> YAMLPosition {
        places(at: pointer).places.value
    }

    /// Where the key of the member at `pointer` stands; for anything else, as ``nearestPosition(to:)``.
    package func keyPosition(of pointer: JSONPointer) -> YAMLPosition {
        let found = places(at: pointer)
        return found.places.key.flatMap { found.isExact ? $0 : nil } ?? found.places.value
    }

    /// The file in which ``nearestPosition(to:)`` and ``keyPosition(of:)`` are: another one for what was included.
    package func file(of pointer: JSONPointer) -> String {
        places(at: pointer).places.file ?? file
    }

    private func places(at pointer: JSONPointer) -> (places: YAMLPlaces, isExact: Bool) {
        var value = root
        var places = self.places
        for token in pointer.description.utf8.split(separator: 0x2F, omittingEmptySubsequences: false).dropFirst() {
            let key = JSONPointer.unescape(String(token) ?? "")
            let index: Int?
            switch value {
            case .object(let object): index = object.members.firstIndex { $0.key.utf8.elementsEqual(key.utf8) }
            case .array(let elements): index = Int(key).flatMap { elements.indices.contains($0) ? $0 : nil }
            default: index = nil
            }
            guard let index, places.children.indices.contains(index) else { return (places, false) }
            places = places.children[index]
            switch value {
            case .object(let object): value = object.members[index].value
            case .array(let elements): value = elements[index]
            default: break
            }
        }
        return (places, true)
    }
}

/// The positions of a value and of all inside it, in the order of the document.
struct YAMLPlaces: Sendable {
    var value: YAMLPosition
    /// The file, if it is not the document's.
    var file: String?
    /// Where the key stands if the value is a member.
    var key: YAMLPosition?
    var children: [YAMLPlaces] = []
}
