internal import OstlerJSON

/// Builds a document with its places from a text that is JSON as a whole. YAML as libyaml reads it lacks some of JSON, such
/// as surrogate pairs and keys of more than 1,024 characters.
struct JSONComposer {
    private let text: UnsafeBufferPointer<UInt8>
    private var reader: JSONReader
    /// How much of the text has been counted, and where that ends.
    private var counted = 0
    private var position = (line: 1, column: 1)

    private init(_ text: UnsafeBufferPointer<UInt8>) {
        self.text = text
        reader = JSONReader(text)
    }

    /// Nil for what is no list or mapping of JSON, be it YAML or nothing.
    static func document(_ text: UnsafeBufferPointer<UInt8>) -> (JSONValue, YAMLPlaces)? {
        var kind = JSONReader(text)
        guard let first = try? kind.peek(), first == .object || first == .array else { return nil }
        var validator = JSONValidator()
        guard (try? validator.validate(text)) != nil else { return nil }
        var composer = JSONComposer(text)
        return try? composer.value()
    }

    private mutating func value() throws(JSONError) -> (JSONValue, YAMLPlaces) {
        let kind = try reader.peek()
        var places = YAMLPlaces(value: place(of: reader.index))
        switch kind {
        case .array:
            var elements: [JSONValue] = []
            try reader.beginArray()
            while try reader.nextElement() {
                let (element, place) = try value()
                elements.append(element)
                places.children.append(place)
            }
            return (.array(elements), places)
        case .object:
            var members = JSONObject()
            try reader.beginObject()
            while let key = try reader.nextKey() {
                // The quote before it is where YAML has it begin, too.
                let keyPlace = place(of: key.range.lowerBound - 1)
                var (member, place) = try value()
                place.key = keyPlace
                members.append(reader.string(of: key), member)
                places.children.append(place)
            }
            return (.object(members), places)
        case .string, .number, .bool, .null: return (try JSONValue(reading: &reader), places)
        }
    }

    /// - Parameter offset: none that lies before one that was asked for.
    private mutating func place(of offset: Int) -> YAMLPosition {
        for byte in text[counted..<offset] {
            if byte == 0x0A {
                position = (position.line + 1, 1)
            } else if byte & 0xC0 != 0x80 {
                position.column += 1
            }
        }
        counted = offset
        return YAMLPosition(line: position.line, column: position.column)
    }
}
