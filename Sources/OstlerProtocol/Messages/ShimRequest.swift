public import OstlerJSON

/// What the host tells `ostler-shim` of the plugin that it stands in for: the member `shim` of `initialize`.
public struct ShimRequest: Sendable, Equatable {
    public enum Kind: String, Sendable {
        /// A library with the interface of `ostler_executor.h`.
        case library
        /// Any library, with a table of functions.
        case foreign
    }

    public var kind: Kind
    /// The plugin's name and version.
    public var name: String
    public var version: String
    /// A path, or a name that the dynamic loader looks up.
    public var library: String
    /// The members `types`, `functions` and `executors` of the manifest, as far as the kind has them.
    public var members: JSONObject

    public init(kind: Kind, name: String, version: String, library: String, members: JSONObject) {
        self.kind = kind
        self.name = name
        self.version = version
        self.library = library
        self.members = members
    }

    public func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("kind")
        writer.string(kind.rawValue)
        writer.key("name")
        writer.string(name)
        writer.key("version")
        writer.string(version)
        writer.key("library")
        writer.string(library)
        for (key, value) in members.members {
            writer.key(dynamic: key)
            writer.value(value)
        }
        writer.endObject()
    }

    /// `kind`, `name` and `library` must be there; ``OstlerJSON/JSONError/Code/wrongType`` otherwise.
    public init(reading reader: inout JSONReader) throws(JSONError) {
        let start = reader.index
        var members = JSONObject()
        guard case .object(let object) = try JSONValue(reading: &reader), let name = object["name"]?.string,
            let kind = object["kind"]?.string.flatMap(Kind.init(rawValue:)), let library = object["library"]?.string
        else { throw JSONError(.wrongType, at: start) }
        for (key, value) in object.members where !["kind", "name", "version", "library"].contains(key) {
            members[key] = value
        }
        let version = object["version"]?.string ?? ""
        self.init(kind: kind, name: name, version: version, library: library, members: members)
    }
}
