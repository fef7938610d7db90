internal import OstlerConfig
package import OstlerForeign
package import OstlerJSON
internal import OstlerSystem

/// What the manifest of a plugin of kind `library` or `foreign` has for `ostler-shim`, which stands in for the program
/// that such a plugin does not have.
package struct ShimDeclaration: Sendable {
    /// The functions of a plugin of kind `foreign`; nil for a library with an interface of its own.
    package let table: ForeignTable?
    /// The members `types`, `functions` and `executors` of the manifest, as they are sent to the shim.
    package let members: JSONObject

    /// The words that only manifests of kind `foreign` have.
    static let foreignKeys = ["types", "functions"]

    /// Reads the functions of a manifest of kind `foreign`. Nil if something is wrong, which is in the log then.
    init?(reading root: ValueReader) {
        do throws(ForeignProblem) {
            table = try ForeignTable(reading: root.value)
        } catch {
            root.report(error)
            return nil
        }
        var members = JSONObject()
        for key in Self.foreignKeys {
            if let value = root.value[key] { members[key] = value }
        }
        let executors = root.value["executors"]?.array ?? []
        members["executors"] = .array(executors.map { Self.essence(of: $0, ["name", "call", "sequence"]) })
        self.members = members
    }

    /// What a library is told: the names of its executors.
    init(libraryWith executors: [ExecutorManifest]) {
        table = nil
        members = JSONObject([("executors", .array(executors.map { ["name": .string($0.name)] }))])
    }

    private static func essence(of executor: JSONValue, _ keys: [String]) -> JSONValue {
        .object(JSONObject(keys.compactMap { key in executor[key].map { (key, $0) } }))
    }
}

extension ValueReader {
    /// Reports what is wrong with a declaration of functions, at its place.
    fileprivate func report(_ problem: ForeignProblem) {
        report(
            ConfigError.Code(rawValue: problem.code.rawValue) ?? .invalidValue,
            at: problem.pointer,
            (problem.pointer == .root ? "" : Quotation.bare(problem.pointer.dotted, longest: 120) + ": ")
                + problem.message
        )
    }
}

extension JSONPointer {
    /// `functions.crc32.args.0`, as messages have it.
    fileprivate var dotted: String { String(description.dropFirst().map { $0 == "/" ? "." : $0 }) }
}

extension PluginManifest.Entry {
    /// The program or library that is part of the plugin; nil if it is one of the machine's.
    var ownFile: String? {
        switch program {
        case .inPlugin(let path), .libraryInPlugin(let path): path
        case .absolute, .onPath, .libraryOfView: nil
        }
    }

    /// Reads `{library: lib/libx.so}` or `{library: libz.so.1}`.
    init?(readingLibrary reader: ValueReader) {
        guard let library = reader.mapping(["library"])?.required("library"), let text = library.string() else {
            return nil
        }
        arguments = []
        if text.isAbsolutePath || text.firstSlash == nil {
            program = .libraryOfView(text)
        } else if RelativePath.isValid(text) {
            program = .libraryInPlugin(text)
        } else {
            library.report(.invalidValue, "\(library.name) must stay in the plugin's directory: \(RelativePath.rule)")
            return nil
        }
    }
}

extension ExecutorManifest {
    /// What a plugin without a program of its own cannot promise.
    func check(_ kind: PluginManifest.Kind, _ members: MembersReader) {
        guard kind != .process else { return }
        if concurrency != 1 {
            members["concurrency"]?.report(.invalidValue, "concurrency must be 1 in a plugin of kind \(kind.rawValue)")
        }
        let isBeyond = features.validate || features.plan || features.status || features.workspace
        if isBeyond || kind == .foreign && features != Features() {
            members["features"]?.report(
                .unsupported,
                "plugins of kind \(kind.rawValue) "
                    + (kind == .foreign ? "have no features" : "only have cancel and health")
            )
        }
    }
}
