public import OstlerJSON

/// The hooks of a workspace but `job/execute`, which is an `execute` with a place.
public enum WorkspaceHook: Sendable, CaseIterable {
    case setUpWorkspace
    case setUpJob
    case cleanUpJob
    case cleanUpWorkspace
    case saveArtifact
    case restoreArtifact

    public var method: StaticString {
        switch self {
        case .setUpWorkspace: "workspace/setup"
        case .setUpJob: "job/setup"
        case .cleanUpJob: "job/cleanup"
        case .cleanUpWorkspace: "workspace/cleanup"
        case .saveArtifact: "artifact/save"
        case .restoreArtifact: "artifact/restore"
        }
    }

    /// Whether it can be asked again when it is not known what came of it.
    public var isRepeatable: Bool { self == .cleanUpJob || self == .cleanUpWorkspace }
}

/// Where in a workspace something happens.
public struct WorkspacePlace: Sendable, Equatable {
    /// The workspace's id, which the host has chosen; unique for ever.
    public var workspace: String
    /// What `workspace/setup` answered, as JSON text; nil if no answer came.
    public var handle: [UInt8]?
    public var job: String?

    public init(workspace: String, handle: [UInt8]? = nil, job: String? = nil) {
        self.workspace = workspace
        self.handle = handle
        self.job = job
    }

    public func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("id")
        writer.string(workspace)
        writer.optional("job", job)
        if let handle {
            writer.key("handle")
            writer.raw(handle)
        }
        writer.endObject()
    }

    /// `id` must be there; ``OstlerJSON/JSONError/Code/wrongType`` otherwise.
    public init(reading reader: inout JSONReader) throws(JSONError) {
        self.init(workspace: "")
        let start = reader.index
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.matches(key, "id") {
                workspace = try reader.string()
            } else if reader.matches(key, "job") {
                job = try reader.string()
            } else if reader.matches(key, "handle") {
                handle = Array(reader.bytes(in: try reader.skipValue()))
            } else {
                _ = try reader.skipValue()
            }
        }
        guard !workspace.isEmpty else { throw JSONError(.wrongType, at: start) }
    }
}

/// The parameters of a ``WorkspaceHook``.
public struct WorkspaceRequest: Sendable, Equatable {
    /// A file or directory of a job, by the name that other jobs know it by.
    public struct Artifact: Sendable, Equatable {
        public var name: String
        /// In the job; relative.
        public var path: String
        /// What `artifact/save` answered, as JSON text; only to restore it.
        public var saved: [UInt8]?

        public init(name: String, path: String, saved: [UInt8]? = nil) {
            self.name = name
            self.path = path
            self.saved = saved
        }
    }

    public var executor: String
    public var place: WorkspacePlace
    /// What the workspace or the job is to be like, as JSON text; only for the hooks that set up.
    public var spec: [UInt8]?
    public var artifact: Artifact?

    public init(executor: String, place: WorkspacePlace, spec: [UInt8]? = nil, artifact: Artifact? = nil) {
        self.executor = executor
        self.place = place
        self.spec = spec
        self.artifact = artifact
    }

    public func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("executor")
        writer.string(executor)
        writer.key("workspace")
        place.encode(into: &writer)
        if let artifact {
            writer.key("name")
            writer.string(artifact.name)
            writer.key("path")
            writer.string(artifact.path)
            if let saved = artifact.saved {
                writer.key("artifact")
                writer.raw(saved)
            }
        }
        if let spec {
            writer.key("spec")
            writer.raw(spec)
        }
        writer.endObject()
    }

    /// `executor` and `workspace` must be there; ``OstlerJSON/JSONError/Code/wrongType`` otherwise.
    public init(reading reader: inout JSONReader) throws(JSONError) {
        var (executor, place): (String?, WorkspacePlace?) = (nil, nil)
        var (spec, saved): ([UInt8]?, [UInt8]?) = (nil, nil)
        var (name, path): (String?, String?) = (nil, nil)
        let start = reader.index
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.matches(key, "executor") {
                executor = try reader.string()
            } else if reader.matches(key, "workspace") {
                place = try WorkspacePlace(reading: &reader)
            } else if reader.matches(key, "name") {
                name = try reader.string()
            } else if reader.matches(key, "path") {
                path = try reader.string()
            } else if reader.matches(key, "artifact") {
                saved = Array(reader.bytes(in: try reader.skipValue()))
            } else if reader.matches(key, "spec") {
                spec = Array(reader.bytes(in: try reader.skipValue()))
            } else {
                _ = try reader.skipValue()
            }
        }
        guard let executor, let place else { throw JSONError(.wrongType, at: start) }
        self.init(executor: executor, place: place, spec: spec)
        if let name, let path { artifact = Artifact(name: name, path: path, saved: saved) }
    }
}

/// The answer to a ``WorkspaceHook``.
public struct WorkspaceResult: Sendable, Equatable {
    /// The longest handle or description of an artifact, as JSON text: the host keeps it and sends it again and again.
    public static let maximumBytes = 1 << 16

    /// Of `workspace/setup`, required: what the plugin wants to be told with each later hook, as JSON text.
    public var handle: [UInt8]?
    /// Of `artifact/save`, required: what it wants to be told to restore it, as JSON text.
    public var artifact: [UInt8]?

    public init(handle: [UInt8]? = nil, artifact: [UInt8]? = nil) {
        self.handle = handle
        self.artifact = artifact
    }

    public func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        if let handle {
            writer.key("handle")
            writer.raw(handle)
        }
        if let artifact {
            writer.key("artifact")
            writer.raw(artifact)
        }
        writer.endObject()
    }

    public init(reading reader: inout JSONReader) throws(JSONError) {
        self.init()
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.matches(key, "handle") {
                handle = Array(reader.bytes(in: try reader.skipValue()))
            } else if reader.matches(key, "artifact") {
                artifact = Array(reader.bytes(in: try reader.skipValue()))
            } else {
                _ = try reader.skipValue()
            }
        }
    }
}
