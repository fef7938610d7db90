internal import OstlerConfig
internal import OstlerJSON
internal import OstlerSystem
internal import OstlerTrust

/// The file of an ``OutlineCache``: a line with the SHA-256 of the rest, then a JSON array. Its first element names the
/// build that wrote it; each of the others is
/// `[[[path, device, inode, size, modified, changed], …], name, version, description, kind, file|null, [needs], [[executor, description], …]]`.
enum OutlineCacheFile {
    static func bytes(_ entries: [OutlineCache.Entry]) -> [UInt8] {
        seal(Array(JSONValue.array([.array(build)] + entries.map(json)).text.utf8))
    }

    /// The whole file with this for its rest.
    static func seal(_ rest: [UInt8]) -> [UInt8] {
        Array((SHA256.digest(of: rest) + "\n").utf8) + rest
    }

    /// Nil if the file is not whole, or was written by another build.
    static func entries(_ bytes: [UInt8]) -> [OutlineCache.Entry]? {
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let rest = Array(bytes[(end + 1)...])
        guard bytes[..<end].elementsEqual(SHA256.digest(of: rest).utf8),
            let lines = (try? JSONValue(parsing: rest))?.array,
            lines.first == .array(build)
        else { return nil }
        var entries: [OutlineCache.Entry] = []
        for line in lines.dropFirst() {
            guard let entry = entry(line) else { return nil }
            entries.append(entry)
        }
        return entries
    }

    /// What the running program is: another one may read manifests in another way.
    private static let build: [JSONValue] = {
        guard let status = try? SmallFile.status(at: "/proc/self/exe") else { return [] }
        return OutlineCache.File("", status).stamp.map { .number(.int($0)) }
    }()

    private static func json(_ entry: OutlineCache.Entry) -> JSONValue {
        let outline = entry.outline
        return .array([
            .array(entry.files.map { .array([.string($0.path)] + $0.stamp.map { .number(.int($0)) }) }),
            .string(outline.name), .string(outline.version), .string(outline.description),
            .string(outline.kind.rawValue), outline.ownFile.map { .string($0) } ?? .null, outline.needs.json,
            .array(outline.executors.map { .array([.string($0.name), .string($0.description)]) }),
        ])
    }

    private static func entry(_ json: JSONValue) -> OutlineCache.Entry? {
        guard let parts = json.array, parts.count == 8, let files = parts[0].array?.compactMap(file), !files.isEmpty,
            let name = parts[1].string, let version = parts[2].string, let description = parts[3].string,
            let kind = parts[4].string.flatMap(PluginManifest.Kind.init(rawValue:)), let needs = parts[6].array,
            let executors = parts[7].array?.compactMap(executor)
        else { return nil }
        return OutlineCache.Entry(
            files: files,
            outline: PluginOutline(
                name: name,
                version: version,
                description: description,
                kind: kind,
                ownFile: parts[5].string,
                needs: Permissions(needs.compactMap { try? Permission(parsing: $0.string ?? "") }),
                executors: executors
            )
        )
    }

    private static func file(_ json: JSONValue) -> OutlineCache.File? {
        guard let parts = json.array, parts.count == 6, let path = parts[0].string else { return nil }
        let stamp = parts.dropFirst().compactMap(\.int)
        return stamp.count == 5 ? OutlineCache.File(path: path, stamp: stamp) : nil
    }

    private static func executor(_ json: JSONValue) -> PluginOutline.Executor? {
        guard let parts = json.array, parts.count == 2, let name = parts[0].string, let description = parts[1].string
        else { return nil }
        return PluginOutline.Executor(name: name, description: description)
    }
}
