internal import CLibYAML
internal import OstlerJSON

/// Builds a document from libyaml's events and refuses each thing the dialect lacks as its event arrives, so that
/// no alias is ever expanded and no nesting is followed further than allowed.
///
/// Events are used in place of libyaml's document because that is only handed out once the whole text has been read,
/// however deep and long a hostile file makes it.
struct YAMLComposer: ~Copyable {
    /// On the heap, since libyaml keeps a pointer from the parser to itself.
    private let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    private let file: String

    /// The memory must outlive the composer.
    init(_ text: UnsafeBufferPointer<UInt8>, file: String) {
        self.file = file
        parser.initialize(to: yaml_parser_t())
        yaml_parser_initialize(parser)
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, text.baseAddress, text.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    /// Reads the only document of the stream.
    mutating func document() throws(ConfigError) -> (JSONValue, YAMLPlaces) {
        var result = (JSONValue.null, YAMLPlaces(value: YAMLPosition(line: 1, column: 1)))
        var documents = 0
        while true {
            let event = try next()
            switch event.kind {
            case .documentStart:
                documents += 1
                guard documents == 1 else {
                    throw refusal(.multipleDocuments, event, "a second document; a file holds one")
                }
                result = try value(from: try next(), depth: 1)
            case .streamEnd: return result
            default: break
            }
        }
    }

    private mutating func value(
        from event: Event,
        depth: Int
    ) throws(ConfigError) -> (JSONValue, YAMLPlaces) {
        try refuseDecorations(event)
        switch event.kind {
        case .scalar(let text, let isPlain):
            return (isPlain ? try plain(text, event) : .string(text), YAMLPlaces(value: event.position))
        case .sequenceStart: return try sequence(from: event, depth: depth)
        case .mappingStart: return try mapping(from: event, depth: depth)
        default: throw refusal(.syntax, event, "a value is missing here")
        }
    }

    private mutating func sequence(
        from start: Event,
        depth: Int
    ) throws(ConfigError) -> (JSONValue, YAMLPlaces) {
        try checkDepth(depth, start)
        var elements: [JSONValue] = []
        var places = YAMLPlaces(value: start.position)
        while true {
            let event = try next()
            if case .sequenceEnd = event.kind { return (.array(elements), places) }
            let (element, place) = try value(from: event, depth: depth + 1)
            elements.append(element)
            places.children.append(place)
        }
    }

    private mutating func mapping(
        from start: Event,
        depth: Int
    ) throws(ConfigError) -> (JSONValue, YAMLPlaces) {
        try checkDepth(depth, start)
        var members = JSONObject()
        var seen: Set<ExactKey> = []
        var places = YAMLPlaces(value: start.position)
        while true {
            let event = try next()
            if case .mappingEnd = event.kind { return (.object(members), places) }
            let key = try key(from: event)
            guard seen.insert(ExactKey(key)).inserted else {
                throw refusal(.duplicateKey, event, "the key \(quoted(key)) occurs twice in one mapping")
            }
            var (value, place) = try value(from: try next(), depth: depth + 1)
            place.key = event.position
            members.append(key, value)
            places.children.append(place)
        }
    }

    private func key(from event: Event) throws(ConfigError) -> String {
        try refuseDecorations(event)
        guard case .scalar(let text, let isPlain) = event.kind else {
            let hint = "quote a key that holds brackets"
            throw refusal(.keyNotText, event, "a key must be text, not a list or a mapping", hint)
        }
        guard isPlain else { return text }
        guard text != "<<" else {
            throw refusal(.mergeKey, event, "merge keys (<<) are not supported", "write the members out")
        }
        guard case .string = try plain(text, event) else {
            throw refusal(.keyNotText, event, "a key must be text", text.isEmpty ? nil : "write \(quoted(text))")
        }
        return text
    }

    private func refuseDecorations(_ event: Event) throws(ConfigError) {
        if let name = event.alias {
            throw refusal(
                .alias,
                event,
                "anchors and aliases are not supported (*\(Quotation.bare(name, longest: 40)))",
                "write the value out, or quote text that begins with *"
            )
        }
        if let name = event.anchor {
            throw refusal(
                .alias,
                event,
                "anchors and aliases are not supported (&\(Quotation.bare(name, longest: 40)))",
                "write the value out, or quote text that begins with &"
            )
        }
        if let tag = event.tag {
            throw refusal(
                .tag,
                event,
                "tags are not supported (\(shown(tag)))",
                "quote the value if text is meant"
            )
        }
    }

    private func checkDepth(_ depth: Int, _ event: Event) throws(ConfigError) {
        guard depth <= JSONReader.maximumDepth else {
            throw refusal(.tooDeep, event, "nesting deeper than \(JSONReader.maximumDepth) levels")
        }
    }

    /// What a scalar without quotes means.
    private func plain(_ text: String, _ event: Event) throws(ConfigError) -> JSONValue {
        switch text {
        case "", "~", "null": return .null
        case "true": return .bool(true)
        case "false": return .bool(false)
        default: break
        }
        guard let first = text.utf8.first, first == 0x2D || (0x30...0x39).contains(first) else { return .string(text) }
        if let value = try? JSONValue(parsing: text), value.number != nil { return value }
        // Without this, digits with a large exponent would quietly be text.
        let isNumeric = text.utf8.allSatisfy { (0x2B...0x39).contains($0) || $0 | 0x20 == 0x65 }
        if isNumeric, let number = Double(text), !number.isFinite {
            throw refusal(
                .numberOutOfRange,
                event,
                "the number \(Quotation.bare(text, longest: 40)) is out of range",
                "quote it if text is meant"
            )
        }
        return .string(text)
    }

    private func refusal(
        _ code: ConfigError.Code,
        _ event: Event,
        _ message: String,
        _ hint: String? = nil
    ) -> ConfigError {
        ConfigError(code, file: file, position: event.position, message: message, hint: hint)
    }

    /// A tag as it is mostly written.
    private func shown(_ tag: String) -> String {
        let standard = "tag:yaml.org,2002:"
        let short = tag.hasPrefix(standard) ? "!!" + tag.dropFirst(standard.count) : tag
        return Quotation.bare(short, longest: 40)
    }

    private func quoted(_ text: String) -> String { Quotation.text(text) }

    private mutating func next() throws(ConfigError) -> Event {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw syntaxError() }
        defer { yaml_event_delete(&event) }
        return Event(event)
    }

    private func syntaxError() -> ConfigError {
        let problem = parser.pointee.problem.map { String(cString: $0) } ?? "the text cannot be parsed"
        let isTooDeep = problem.hasPrefix("Maximum nesting")
        var message = isTooDeep ? "nesting deeper than \(JSONReader.maximumDepth) levels" : problem
        if let context = parser.pointee.context.map({ String(cString: $0) }) {
            message += " (\(context) from line \(parser.pointee.context_mark.line + 1))"
        }
        return ConfigError(
            isTooDeep ? .tooDeep : .syntax,
            file: file,
            position: YAMLPosition(parser.pointee.problem_mark),
            message: message,
            hint: YAMLComposer.hint(for: problem)
        )
    }

    private static func hint(for problem: String) -> String? {
        switch problem {
        case "found character that cannot start any token", "found a tab character that violates indentation":
            "indent with spaces, and quote text that begins with a sign such as @ or %"
        case "mapping values are not allowed in this context": "quote text that holds a colon and a space"
        case "did not find expected alphabetic or numeric character": "quote text that begins with * or &"
        default: nil
        }
    }
}

extension YAMLPosition {
    init(_ mark: yaml_mark_t) {
        self.init(line: Int(mark.line) + 1, column: Int(mark.column) + 1)
    }
}

/// One of libyaml's events with its texts copied out.
private struct Event {
    enum Kind {
        case documentStart
        case streamEnd
        case scalar(String, isPlain: Bool)
        case sequenceStart
        case sequenceEnd
        case mappingStart
        case mappingEnd
        case other
    }

    var kind = Kind.other
    let position: YAMLPosition
    var alias: String?
    var anchor: String?
    var tag: String?

    init(_ event: yaml_event_t) {
        position = YAMLPosition(event.start_mark)
        func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? { pointer.map { String(cString: $0) } }
        switch event.type {
        case YAML_DOCUMENT_START_EVENT: kind = .documentStart
        case YAML_STREAM_END_EVENT: kind = .streamEnd
        case YAML_ALIAS_EVENT: alias = text(event.data.alias.anchor)
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            kind = .scalar(String(decoding: bytes, as: UTF8.self), isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE)
            (anchor, tag) = (text(scalar.anchor), text(scalar.tag))
        case YAML_SEQUENCE_START_EVENT:
            kind = .sequenceStart
            (anchor, tag) = (text(event.data.sequence_start.anchor), text(event.data.sequence_start.tag))
        case YAML_SEQUENCE_END_EVENT: kind = .sequenceEnd
        case YAML_MAPPING_START_EVENT:
            kind = .mappingStart
            (anchor, tag) = (text(event.data.mapping_start.anchor), text(event.data.mapping_start.tag))
        case YAML_MAPPING_END_EVENT: kind = .mappingEnd
        default: break
        }
    }
}
