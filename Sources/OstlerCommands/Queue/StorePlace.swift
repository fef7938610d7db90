internal import Glibc
internal import OstlerCommandLine
internal import OstlerConfig
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerStore
internal import OstlerSystem

/// Where the store of tasks is, and who said so.
struct StorePlace {
    static let option = CommandOption.value("store", "FILE", "The store of tasks.", completion: .file)
    static let variable = "OSTLER_STORE"

    let path: String
    /// Whether nobody named it: its directory is then made.
    let isDefault: Bool
    let origin: ConfigOrigin
    /// How long another process that writes is waited for, in milliseconds.
    private let patience: Int32

    /// The first of `--store`, `$OSTLER_STORE`, `store.path` and the user's directory of state.
    init(_ options: GlobalOptions, _ config: HostConfig) throws(Failure) {
        patience = Int32(config.store.lockTimeoutMilliseconds)
        let environment = Composition.environment
        if let named = options.store {
            (path, isDefault, origin) = (Self.absolute(named), false, .option(Self.option.name))
        } else if let named = environment[Self.variable], !named.isEmpty {
            (path, isDefault, origin) = (Self.absolute(named), false, .environment(Self.variable))
        } else if let named = config.store.path {
            (path, isDefault) = (try Self.expanded(named, environment), false)
            origin = config.origin(of: JSONPointer("/store/path"))
        } else {
            guard let directory = BaseDirectory.state.path(in: environment) else {
                throw Self.homeless("there is no place for the store of tasks: HOME is not set")
            }
            (path, isDefault, origin) = (directory + "/ostler/tasks.db", true, .builtIn)
        }
    }

    /// As `config show` tells it.
    var setting: HostConfig.Setting {
        HostConfig.Setting(pointer: JSONPointer("/store/path"), value: .string(path), origin: origin)
    }

    private static func absolute(_ path: String) -> String {
        path.isAbsolutePath ? path : Composition.workingDirectory + "/" + path
    }

    private static func expanded(_ path: String, _ environment: [String: String]) throws(Failure) -> String {
        guard path.hasPrefix("~/") else { return path }
        guard let home = environment["HOME"], home.isAbsolutePath else {
            throw homeless("store.path begins with ~/, and HOME is not set")
        }
        return home + path.dropFirst()
    }

    private static func homeless(_ message: String) -> Failure {
        Failure(store: .storeUnreachable, message, hint: "set HOME, or name the store with --store FILE")
    }

    /// Opens the store, and makes it if there is none.
    func open() throws(Failure) -> SQLiteTaskStore {
        if isDefault { makeDirectory() }
        try checkOwner()
        return try SQLiteTaskStore(path: path, patience: patience)
    }

    /// Opens the store to look at it. Where there is none nothing is made: nothing has been submitted.
    func openExisting() throws(Failure) -> any TaskStore {
        guard access(path, F_OK) == 0 || errno != ENOENT else {
            Log.info("there is no store at \(path) yet")
            return MemoryTaskStore()
        }
        return try open()
    }

    /// What cannot be made is told when the file is opened.
    private func makeDirectory() {
        for (index, character) in zip(path.indices, path) where character == "/" && index != path.startIndex {
            mkdir(String(path[..<index]), 0o700)
        }
    }

    /// Whoever writes to the store has a worker do what they like.
    private func checkOwner() throws(Failure) {
        guard let status = try? SmallFile.status(at: path) else { return }
        let fault = status.ownershipFault ?? (status.isWritableByOthers ? "every user can write it" : nil)
        guard let fault else { return }
        throw Failure(
            store: .storeUnsafe,
            "the store \(path) is not used: \(fault)",
            hint: "make it yours and not writable by others, or name another store"
        )
    }
}

extension GlobalOptions {
    /// Opens the store for a command that changes it.
    func openStore(_ context: RunContext) throws -> SQLiteTaskStore { try StorePlace(self, context.config).open() }

    /// Opens the store for a command that is about tasks which are there.
    func lookIntoStore(_ context: RunContext) throws -> any TaskStore {
        try StorePlace(self, context.config).openExisting()
    }
}
