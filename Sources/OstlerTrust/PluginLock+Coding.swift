internal import OstlerJSON
internal import OstlerSystem

extension PluginLock {
    /// The whole file.
    package var bytes: [UInt8] {
        var lines = [
            "{\"version\":1", ",\"blocked\":" + JSONValue.array(blocked.map { .string($0) }).text, ",\"plugins\":[",
        ]
        lines += entries.enumerated().map { index, entry in (index == 0 ? "" : ",") + entry.json.text }
        lines.append("]")
        return Self.sealed(Array(lines.map { $0 + "\n" }.joined().utf8))
    }

    /// The lines of a file with the seal behind them.
    package static func sealed(_ lines: [UInt8]) -> [UInt8] { lines + seal(of: lines) }

    /// The last line, which is as long whatever stands before it.
    private static func seal(of sealed: [UInt8]) -> [UInt8] {
        Array(",\"seal\":\"\(SHA256.digest(of: sealed))\"}\n".utf8)
    }

    /// Reads the whole file.
    package init(parsing bytes: [UInt8]) throws(TrustError) {
        guard let value = try? JSONValue(parsing: bytes), value["version"]?.int == 1,
            let blocked = value["blocked"]?.array, let plugins = value["plugins"]?.array
        else {
            throw TrustError(
                .lockMalformed,
                "plugins.lock is not what this version of Ostler writes",
                hint: "restore it, or remove it and add the plugins again"
            )
        }
        guard bytes == Self.sealed(Array(bytes.dropLast(Self.seal(of: []).count))) else {
            throw TrustError(
                .lockEdited,
                "plugins.lock was edited by hand or cut: its seal is broken",
                hint: "restore it, or remove it and add the plugins again"
            )
        }
        self.init(
            entries: try plugins.map { (plugin) throws(TrustError) in try Entry(json: plugin) },
            blocked: blocked.compactMap(\.string)
        )
    }
}

extension PluginLock.Entry {
    fileprivate var json: JSONValue {
        var object = JSONObject([("name", .string(name)), ("version", .string(version))])
        if let directory { object["directory"] = .string(directory) }
        object["digest"] = .string("sha256:" + digest)
        object["source"] = .string(source)
        if let key { object["key"] = .string(key) }
        object["needs"] = needs.json
        object["granted"] = granted.json
        object["parts"] = .array(parts.map(\.json))
        return .object(object)
    }

    fileprivate init(json: JSONValue) throws(TrustError) {
        guard let name = json["name"]?.string, let version = json["version"]?.string,
            let digest = json["digest"]?.string, let source = json["source"]?.string,
            let parts = json["parts"]?.array
        else { throw .brokenEntry }
        self.init(
            name: name,
            version: version,
            directory: json["directory"]?.string,
            digest: String(digest.dropFirst("sha256:".count)),
            source: source,
            key: json["key"]?.string,
            needs: try Permissions(json: json["needs"]),
            granted: try Permissions(json: json["granted"]),
            parts: try parts.map { (part) throws(TrustError) in try PluginLock.Part(json: part) }
        )
    }
}

extension PluginLock.Part {
    /// `[path, inode, changed]` for a folder; a file has its digest and whether it is executable besides.
    fileprivate var json: JSONValue {
        var elements: [JSONValue] = [
            .string(path), .number(.int(Int64(bitPattern: stamp.inode))), .number(.int(stamp.changed)),
        ]
        if let sha256 { elements += [.string(sha256), .bool(isExecutable)] }
        return .array(elements)
    }

    fileprivate init(json: JSONValue) throws(TrustError) {
        guard let elements = json.array, elements.count == 3 || elements.count == 5, let path = elements[0].string,
            let inode = elements[1].int, let changed = elements[2].int
        else { throw .brokenEntry }
        self.init(
            path: path,
            sha256: elements.count == 5 ? elements[3].string : nil,
            isExecutable: elements.count == 5 && elements[4].bool == true,
            stamp: PartStamp(inode: UInt64(bitPattern: inode), changed: changed)
        )
    }
}

extension Permissions {
    /// Reads a list of texts.
    fileprivate init(json: JSONValue?) throws(TrustError) {
        var permissions: [Permission] = []
        for text in json?.array ?? [] { permissions.append(try Permission(parsing: text.string ?? "")) }
        self.init(permissions)
    }
}

extension TrustError {
    fileprivate static let brokenEntry = TrustError(.lockMalformed, "an entry of plugins.lock is broken")
}
