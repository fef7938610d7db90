public import OstlerJSON

/// `initialize`: the first request of a session. One round trip that carries what the executors are configured with.
public struct InitializeRequest: Sendable, Equatable {
    public static let method: StaticString = "initialize"

    public var versions: ProtocolVersions
    /// Name and version of the host, for the plugin's log.
    public var host: String
    /// The longest line that either side may send, in bytes.
    public var maximumFrameBytes: Int
    /// The keys under `executors.NAME` of the host's config that are the plugin's.
    public var config: JSONValue
    /// Whether descriptor 3 is a launch channel.
    public var launch: Bool
    /// What `ostler-shim` loads and offers; nil for every other program.
    public var shim: ShimRequest?

    public init(
        versions: ProtocolVersions = .supported,
        host: String,
        maximumFrameBytes: Int,
        config: JSONValue,
        launch: Bool
    ) {
        self.versions = versions
        self.host = host
        self.maximumFrameBytes = maximumFrameBytes
        self.config = config
        self.launch = launch
    }

    public func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("protocol")
        versions.encode(into: &writer)
        writer.key("host")
        writer.string(host)
        writer.key("max_frame_bytes")
        writer.int(maximumFrameBytes)
        writer.key("launch")
        writer.bool(launch)
        writer.key("config")
        writer.value(config)
        if let shim {
            writer.key("shim")
            shim.encode(into: &writer)
        }
        writer.endObject()
    }

    public init(reading reader: inout JSONReader) throws(JSONError) {
        self.init(host: "", maximumFrameBytes: 1 << 20, config: .object(JSONObject()), launch: false)
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.matches(key, "protocol") {
                versions = try ProtocolVersions(reading: &reader)
            } else if reader.matches(key, "host") {
                host = try reader.string()
            } else if reader.matches(key, "max_frame_bytes") {
                maximumFrameBytes = Int(clamping: try reader.int())
            } else if reader.matches(key, "launch") {
                launch = try reader.bool()
            } else if reader.matches(key, "config") {
                config = try JSONValue(reading: &reader)
            } else if reader.matches(key, "shim") {
                shim = try ShimRequest(reading: &reader)
            } else {
                _ = try reader.skipValue()
            }
        }
    }
}

/// The answer to `initialize`.
public struct InitializeResult: Sendable, Equatable {
    /// The version that the plugin chose, inside the host's range.
    public var version: Int
    public var name: String
    public var pluginVersion: String
    /// The executors that it serves.
    public var executors: [String]
    /// Whether it keeps to the credit of each task, so that one whose output nobody takes does not stop the others.
    public var heedsCredit: Bool

    public init(version: Int, name: String, pluginVersion: String, executors: [String], heedsCredit: Bool = false) {
        self.version = version
        self.name = name
        self.pluginVersion = pluginVersion
        self.executors = executors
        self.heedsCredit = heedsCredit
    }

    public func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("protocol")
        writer.int(version)
        writer.key("name")
        writer.string(name)
        writer.key("version")
        writer.string(pluginVersion)
        writer.key("executors")
        writer.strings(executors)
        if heedsCredit {
            writer.key("credit")
            writer.bool(true)
        }
        writer.endObject()
    }

    /// `protocol`, `name` and `executors` must be there; ``OstlerJSON/JSONError/Code/wrongType`` otherwise.
    public init(reading reader: inout JSONReader) throws(JSONError) {
        var (version, name, pluginVersion): (Int?, String?, String) = (nil, nil, "")
        var executors: [String]?
        var heedsCredit = false
        let start = reader.index
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.matches(key, "protocol") {
                version = Int(clamping: try reader.int())
            } else if reader.matches(key, "name") {
                name = try reader.string()
            } else if reader.matches(key, "version") {
                pluginVersion = try reader.string()
            } else if reader.matches(key, "executors") {
                var names: [String] = []
                try reader.beginArray()
                while try reader.nextElement() { names.append(try reader.string()) }
                executors = names
            } else if reader.matches(key, "credit") {
                heedsCredit = try reader.bool()
            } else {
                _ = try reader.skipValue()
            }
        }
        guard let version, let name, let executors else { throw JSONError(.wrongType, at: start) }
        self.init(
            version: version,
            name: name,
            pluginVersion: pluginVersion,
            executors: executors,
            heedsCredit: heedsCredit
        )
    }
}

extension ProtocolVersions {
    public func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("min")
        writer.int(min)
        writer.key("max")
        writer.int(max)
        writer.endObject()
    }

    public init(reading reader: inout JSONReader) throws(JSONError) {
        var (min, max) = (0, 0)
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.matches(key, "min") {
                min = Int(clamping: try reader.int())
            } else if reader.matches(key, "max") {
                max = Int(clamping: try reader.int())
            } else {
                _ = try reader.skipValue()
            }
        }
        self.init(min: min, max: max)
    }
}
