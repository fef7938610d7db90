internal import OstlerJSON
internal import OstlerSystem

/// Reads a configuration file with the files that it includes, and lays them over each other: an included file over those
/// before it in the list, the file itself over all that it includes.
struct ConfigIncludes {
    /// A file that was opened.
    struct File {
        let path: String
        /// As messages show it.
        let name: String
        let bytes: [UInt8]
        let status: SmallFile.Status
    }

    static let key = "include"
    static let maximumDepth = 8
    /// Of all files together: a file may be included from several places.
    static let maximumFiles = 64

    /// Whether a file may be believed, by its owner and mode.
    private let check: (SmallFile.Status) throws(SmallFile.Failure) -> Void
    /// The files that are being read, each with the place where it includes the next.
    private var chain: [(file: File, position: YAMLPosition)] = []
    private var count = 1

    init(check: @escaping (SmallFile.Status) throws(SmallFile.Failure) -> Void) {
        self.check = check
    }

    /// Parses a file and all that it includes.
    mutating func document(of file: File) throws(ConfigFailure) -> YAMLDocument {
        let document: YAMLDocument
        do throws(ConfigError) {
            document = try YAMLDocument(parsing: file.bytes, file: file.name)
        } catch {
            throw ConfigFailure(error)
        }
        guard case .object(let object) = document.root, let list = object[Self.key] else {
            if !chain.isEmpty { _ = try HostConfig(document) }
            return document
        }
        let log = ProblemLog(document)
        let entries = ValueReader(value: list, pointer: JSONPointer.root.member(Self.key), log: log).elements() ?? []
        let names = entries.map { (entry: $0, name: $0.string()) }
        try log.finish()
        var base: YAMLDocument?
        for (entry, name) in names {
            guard let name else { continue }
            let position = document.nearestPosition(to: entry.pointer)
            chain.append((file, position))
            let included = try self.document(of: try open(name, entry.pointer))
            chain.removeLast()
            base = base.map { included.laid(over: $0) } ?? included
        }
        let rest = document.removing(Self.key)
        // Each file is right by itself: what another one is laid over must not hide what is wrong below.
        _ = try HostConfig(rest)
        return base.map { rest.laid(over: $0) } ?? rest
    }

    private mutating func open(_ name: String, _ pointer: JSONPointer) throws(ConfigFailure) -> File {
        guard let (from, position) = chain.last else { preconditionFailure("nothing includes nothing") }
        func refused(_ code: ConfigError.Code, _ message: String, hint: String? = nil) -> ConfigFailure {
            ConfigFailure(
                ConfigError(
                    code,
                    file: from.name,
                    position: position,
                    pointer: pointer,
                    message: message,
                    hint: hint ?? (chain.count > 1 ? "the way there is \(way)" : nil)
                )
            )
        }
        let place = Self.place(of: name, in: from)
        guard chain.count <= Self.maximumDepth else {
            throw refused(.includeTooDeep, "files include each other more than \(Self.maximumDepth) levels deep")
        }
        count += 1
        guard count <= Self.maximumFiles else {
            throw refused(.includeTooDeep, "more than \(Self.maximumFiles) files are read by include")
        }
        let file: File
        do throws(SmallFile.Failure) {
            let (bytes, status) = try SmallFile.read(place.path)
            try check(status)
            file = File(path: place.path, name: place.name, bytes: bytes, status: status)
        } catch {
            let name = Quotation.bare(place.name)
            throw refused(ConfigError.code(of: error), "the included file \(name) \(error.message)")
        }
        guard !chain.contains(where: { $0.file.status.isSameFile(as: file.status) }) else {
            let message = "files that include each other: \(way) -> \(Quotation.bare(file.name))"
            throw refused(.includeLoop, message, hint: "take one of these lines out")
        }
        return file
    }

    /// `ostler.yaml:1:11 -> parts/a.yaml:1:11`.
    private var way: String {
        chain.map { Quotation.bare("\($0.file.name):\($0.position.line):\($0.position.column)") }
            .joined(separator: " -> ")
    }

    /// A path is relative to the directory of the file that names it.
    private static func place(of name: String, in file: File) -> (path: String, name: String) {
        guard !name.isAbsolutePath else { return (name, name) }
        func beside(_ path: String) -> String {
            path.lastSlash.map { path[..<$0] + "/" + name } ?? name
        }
        return (beside(file.path), beside(file.name))
    }
}

extension ConfigError {
    /// Why a configuration file cannot be had.
    static func code(of failure: SmallFile.Failure) -> Code {
        switch failure.kind {
        case .notFound: .notFound
        case .unsafe: .unsafePermissions
        case .tooLarge: .tooLarge
        case .symbolicLink, .notRegular, .unreadable: .unreadable
        }
    }
}

extension SmallFile.Status {
    fileprivate func isSameFile(as other: Self) -> Bool { device == other.device && inode == other.inode }
}
