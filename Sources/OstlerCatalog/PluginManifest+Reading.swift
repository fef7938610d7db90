package import OstlerConfig
internal import OstlerJSON
internal import OstlerSystem
internal import OstlerTrust

extension PluginManifest {
    /// Reads a file of the plugin by its path below the plugin's directory.
    package typealias FileReader = (String) throws(SmallFile.Failure) -> [UInt8]

    private static let keys = [
        "name", "version", "description", "protocol", "kind", "entry", "executors", "config_schema", "needs", "limits",
    ]

    /// Reads the text of a manifest. Nothing is executed and no schema is compiled.
    package init(parsing bytes: [UInt8], file: String, readFile: FileReader) throws(ConfigFailure) {
        let document: YAMLDocument
        do throws(ConfigError) {
            document = try YAMLDocument(parsing: bytes, file: file)
        } catch {
            throw ConfigFailure(error)
        }
        let log = ProblemLog(document)
        let kind = log.root.value["kind"]?.string.flatMap(Kind.init(rawValue:)) ?? .process
        let keys = Self.keys + (kind == .foreign ? ShimDeclaration.foreignKeys : [])
        // Schemas are made of functions, so what is wrong with these comes first.
        let shim = kind == .foreign ? ShimDeclaration(reading: log.root) : nil
        try log.finish()
        let manifest = log.root.mapping(keys).flatMap { PluginManifest(reading: $0, shim, document, readFile) }
        try log.finish()
        guard let manifest else {
            throw ConfigFailure(ConfigError(.invalidValue, file: file, message: "the manifest is incomplete"))
        }
        self = manifest
    }

    /// Nil if something is missing or wrong, which is in the log then.
    private init?(
        reading members: MembersReader,
        _ shim: ShimDeclaration?,
        _ document: YAMLDocument,
        _ readFile: FileReader
    ) {
        let name = members.required("name")?.identifier()
        let version = members.required("version").flatMap(Self.version)
        let protocolVersions = members.required("protocol").flatMap(Self.protocolVersions)
        let kind = members.required("kind")?.choice(Kind.self)
        let entry = members.required("entry").flatMap {
            kind == .library || kind == .foreign ? Entry(readingLibrary: $0) : Entry(reading: $0)
        }
        let executors = members.required("executors")?.elements()?.compactMap {
            ExecutorManifest(reading: $0, kind ?? .process, shim?.table, document, readFile)
        }
        if let executors { Self.checkExecutors(executors, members) }
        description = members["description"]?.string() ?? ""
        configSchema = members["config_schema"].flatMap { PluginSchema(reading: $0, document, readFile) }
        needs = members["needs"].map(Permissions.init(reading:)) ?? Permissions()
        limits = members["limits"].map(Limits.init(reading:)) ?? Limits()
        guard let name, let version, let protocolVersions, let kind, let entry, let executors else { return nil }
        self.name = name
        self.version = version
        self.protocolVersions = protocolVersions
        self.kind = kind
        self.entry = entry
        self.shim = kind == .library ? ShimDeclaration(libraryWith: executors) : shim
        self.executors = executors
    }

    private static func version(_ reader: ValueReader) -> String? {
        guard let text = reader.string() else { return nil }
        let isPlain = text.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || [0x2E, 0x2B, 0x2D, 0x5F, 0x7E].contains(byte)
        }
        guard isPlain, text.utf8.count <= 64 else {
            reader.report(.invalidValue, "version must be up to 64 letters, digits and . + - _ ~, as in 1.2.0")
            return nil
        }
        return text
    }

    private static func protocolVersions(_ reader: ValueReader) -> ClosedRange<Int>? {
        guard let members = reader.mapping(["min", "max"]) else { return nil }
        let versions: ClosedRange<Int64> = 0...1_000_000
        guard let least = members.required("min")?.integer(in: versions),
            let most = members.required("max")?.integer(in: versions)
        else { return nil }
        guard least <= most else {
            reader.report(.invalidValue, "protocol.min must not be above protocol.max")
            return nil
        }
        return Int(least)...Int(most)
    }

    private static func checkExecutors(_ executors: [ExecutorManifest], _ members: MembersReader) {
        guard let elements = members["executors"]?.elements() else { return }
        if elements.isEmpty { members["executors"]?.report(.invalidValue, "executors must not be empty") }
        var seen: Set<String> = []
        for name in elements.compactMap({ $0.anyMembersIfMapping?["name"] }) {
            guard let text = name.value.string, !seen.insert(text).inserted else { continue }
            name.report(.duplicateName, "the executor \(name.value.summary) is described twice")
        }
    }
}

extension PluginManifest.Entry {
    init?(reading reader: ValueReader) {
        guard let command = reader.mapping(["command"])?.required("command"), let words = command.elements() else {
            return nil
        }
        guard let first = words.first else {
            command.report(.invalidValue, "\(command.name) must name a program")
            return nil
        }
        guard let text = first.string(), let program = Self.program(text, first) else { return nil }
        self.program = program
        arguments = words.dropFirst().compactMap { $0.text() }
    }

    private static func program(_ text: String, _ reader: ValueReader) -> Program? {
        if text.isAbsolutePath { return .absolute(text) }
        guard text.firstSlash != nil else {
            guard text != "." && text != ".." else {
                reader.report(.invalidValue, "\(reader.name) must name a program")
                return nil
            }
            return .onPath(text)
        }
        guard RelativePath.isValid(text) else {
            reader.report(.invalidValue, "\(reader.name) must stay in the plugin's directory: \(RelativePath.rule)")
            return nil
        }
        return .inPlugin(text)
    }
}

/// How `needs` says what a plugin asks for.
private enum NeedsText {
    enum Network: String, CaseIterable {
        case none
        case loopback
    }

    enum Access: String, CaseIterable {
        case readOnly = "ro"
        case readWrite = "rw"
    }
}

extension Permissions {
    /// Reads `needs`.
    init(reading reader: ValueReader) {
        guard let members = reader.mapping(["launch", "network", "programs", "files", "secrets"]) else {
            self.init()
            return
        }
        var needs: [Permission] = []
        if members["launch"]?.bool() == true { needs.append(.launch) }
        if members["network"]?.choice(NeedsText.Network.self) == .loopback { needs.append(.loopback) }
        needs += (members["programs"]?.strings() ?? []).map { .program($0) }
        needs += members["files"]?.elements()?.compactMap(Self.file) ?? []
        needs += members["secrets"]?.elements()?.compactMap { $0.identifier() }.map { .secret($0) } ?? []
        self.init(needs)
    }

    private static func file(_ reader: ValueReader) -> Permission? {
        guard let members = reader.mapping(["path", "access"]) else { return nil }
        let access = members["access"].map { $0.choice(NeedsText.Access.self) } ?? .readOnly
        guard let path = members.required("path"), let text = path.string(), let access else { return nil }
        guard text.isAbsolutePath, RelativePath.isValid(text.drop { $0 == "/" }) else {
            path.report(.invalidValue, "\(path.name) must be an absolute path without . and ..")
            return nil
        }
        return .file(text, isWritable: access == .readWrite)
    }
}

extension PluginManifest.Limits {
    init(reading reader: ValueReader) {
        self.init()
        guard let members = reader.mapping(["memory", "processes", "open_files", "start_timeout"]) else { return }
        memory = members["memory"]?.size(atLeast: 1 << 20)
        processes = members["processes"]?.integer(in: 1...1_000_000).map { Int($0) }
        openFiles = members["open_files"]?.integer(in: 8...1_000_000).map { Int($0) }
        startTimeoutMilliseconds = members["start_timeout"]?.positiveMilliseconds()
    }
}

/// Paths below a plugin's directory.
enum RelativePath {
    static let rule = "a relative path without . and .. and empty parts"

    static func isValid(_ path: some StringProtocol) -> Bool {
        path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy { part in
            !part.isEmpty && !part.elementsEqual(".".utf8) && !part.elementsEqual("..".utf8)
        }
    }
}

extension ValueReader {
    /// As ``members(_:)``, but a section with nothing in it is a mistake: in a manifest it hides missing keys.
    func mapping(_ keys: [String]) -> MembersReader? {
        guard value.object != nil else {
            expected("a mapping")
            return nil
        }
        return members(keys)
    }

    /// The members without a complaint about another type.
    var anyMembersIfMapping: MembersReader? { value.object == nil ? nil : anyMembers() }
}
