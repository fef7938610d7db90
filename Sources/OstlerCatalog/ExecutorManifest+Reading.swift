internal import OstlerConfig
internal import OstlerForeign
internal import OstlerJSON
internal import OstlerProtocol

extension ExecutorManifest {
    private static let keys = [
        "name", "description", "idempotency", "concurrency", "reuse", "features", "examples",
    ]

    /// Nil if something is missing or wrong, which is in the log then.
    ///
    /// - Parameter table: the functions of a plugin of kind `foreign`, of which the schema of payloads is made.
    init?(
        reading reader: ValueReader,
        _ kind: PluginManifest.Kind,
        _ table: ForeignTable?,
        _ document: YAMLDocument,
        _ readFile: PluginManifest.FileReader
    ) {
        let keys = kind == .foreign ? ["call", "sequence"] : ["payload"]
        guard let members = reader.mapping(Self.keys + keys) else { return nil }
        let name = members.required("name")?.identifier()
        let payload: PluginSchema?
        if kind == .foreign {
            payload = name.flatMap { table?.executor($0) }.map {
                PluginSchema($0.payloadSchema, place: .manifest(document, reader.pointer))
            }
        } else {
            payload = members.required("payload").flatMap { PluginSchema(reading: $0, document, readFile) }
        }
        description = members["description"]?.string() ?? ""
        idempotency = members["idempotency"]?.choice(Idempotency.self) ?? .unsafe
        concurrency = members["concurrency"]?.integer(in: 1...65_536).map { Int($0) } ?? 1
        // What a library does to its process is not known: nobody else is to feel it unless the manifest says so.
        reuse = members["reuse"]?.choice(Reuse.self) ?? (kind == .process ? .warm : .never)
        features = members["features"].map(Features.init(reading:)) ?? Features()
        let hasWorkspaces = features.workspace
        examples = members["examples"]?.elements()?.compactMap { Example(reading: $0, hasWorkspaces) } ?? []
        guard let name, let payload else { return nil }
        self.name = name
        self.payload = payload
        check(kind, members)
    }
}

extension ExecutorManifest.Features {
    init(reading reader: ValueReader) {
        self.init()
        guard let members = reader.mapping(["cancel", "health", "validate", "plan", "status", "workspace"]) else {
            return
        }
        cancel = members["cancel"]?.bool() ?? false
        health = members["health"]?.bool() ?? false
        validate = members["validate"]?.bool() ?? false
        plan = members["plan"]?.bool() ?? false
        status = members["status"]?.bool() ?? false
        workspace = members["workspace"]?.bool() ?? false
    }
}

extension ExecutorManifest.Example {
    init?(reading reader: ValueReader, _ hasWorkspaces: Bool) {
        let specs = hasWorkspaces ? ["workspace", "job"] : []
        guard let members = reader.mapping(["name", "payload", "outcome"] + specs) else { return nil }
        let name = members.required("name")?.string()
        let payload = members.required("payload")
        outcome = members["outcome"]?.choice(ExecutorManifest.Outcome.self)
        workspace = members["workspace"]?.value ?? [:]
        job = members["job"]?.value ?? [:]
        guard let name, let payload else { return nil }
        self.name = name
        self.payload = payload.value
    }
}

extension PluginSchema {
    /// A schema in its place, or in a file of its own: `{file: schema/x.json}`.
    convenience init?(reading reader: ValueReader, _ document: YAMLDocument, _ readFile: PluginManifest.FileReader) {
        guard let object = reader.value.object else {
            reader.expected("a JSON schema or {file: schema/NAME.json}")
            return nil
        }
        guard object.keys == ["file"], let file = reader.anyMembers()?["file"] else {
            self.init(reader.value, place: .manifest(document, reader.pointer))
            return
        }
        guard let path = file.string(), let schema = Self.read(path, file, readFile) else { return nil }
        self.init(schema, place: .file(path))
    }

    private static func read(
        _ path: String,
        _ reader: ValueReader,
        _ readFile: PluginManifest.FileReader
    ) -> JSONValue? {
        guard RelativePath.isValid(path) else {
            reader.report(.invalidValue, "\(reader.name) must stay in the plugin's directory: \(RelativePath.rule)")
            return nil
        }
        let bytes: [UInt8]
        do throws(SmallFile.Failure) {
            bytes = try readFile(path)
        } catch {
            reader.report(.invalidSchema, "the file \(Quotation.bare(path)) \(error.message)")
            return nil
        }
        do throws(JSONError) {
            let value = try JSONValue(parsing: bytes)
            if value.object != nil { return value }
            reader.report(.invalidSchema, "the file \(Quotation.bare(path)) must hold a JSON object")
        } catch {
            let place = TextPosition(of: error.offset, in: bytes)
            let file = "\(Quotation.bare(path)):\(place.line):\(place.column)"
            reader.report(.invalidSchema, "the file \(file) is not JSON: \(error.reason)")
        }
        return nil
    }
}
