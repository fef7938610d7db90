internal import Glibc
internal import OstlerConfig
internal import OstlerSandbox
internal import OstlerSystem

/// The project of a new plugin: files of a template with its name in them, and a copy of what they are built with.
struct PluginProject {
    enum Language: String, CaseIterable {
        case c
        case python
        case sh
        case swift
    }

    enum Kind: String, CaseIterable {
        case process
        case library
        case foreign

        /// The languages that there is a template in; none where there is nothing to be written in one.
        var languages: [Language] {
            switch self {
            case .process: Language.allCases
            case .library: [.c, .swift]
            case .foreign: []
            }
        }
    }

    struct Failure: Error {
        let code: String
        let message: String
    }

    let name: String
    let kind: Kind
    /// One of the kind's; nil if it has none.
    let language: Language?

    /// Stands for the plugin's name in templates.
    private static let placeholder = "@name@"
    private static let fileLimit = 1 << 20

    /// The directory of SDKs and templates.
    /// - Throws: `sdk_not_installed` where this program runs from where it was built.
    static func installedSources() throws(Failure) -> String {
        guard let prefix = Installation.prefix, access(prefix + "/share/ostler/sdk/templates", R_OK) == 0 else {
            throw Failure(
                code: "sdk_not_installed",
                message:
                    "the templates of projects are missing: there is no share/ostler/sdk beside bin; install Ostler "
                    + "by scripts/install"
            )
        }
        return prefix + "/share/ostler/sdk"
    }

    /// Writes the project into a directory that it makes; nothing is left of it if that fails.
    /// - Throws: `directory_exists` if there is anything of that name; `not_written` with the file and the reason.
    func write(to directory: String, from sources: String) throws(Failure) {
        // The one step that makes it is the one that finds out whether it is there.
        guard mkdir(directory, 0o755) == 0 else {
            guard errno == EEXIST else { throw Self.notWritten(directory) }
            throw Failure(
                code: "directory_exists",
                message: "\(directory) exists already, and nothing of it is overwritten; remove it, or say --dir"
            )
        }
        do throws(Failure) {
            let templates = sources + "/templates/" + kind.rawValue
            try copy(templates + "/common", to: directory, filling: true)
            guard let language else { return }
            try copy(templates + "/" + language.rawValue, to: directory, filling: true)
            if kind == .library {
                try copy(sources + "/library", to: directory + "/include", filling: false)
            } else {
                try copy(sources + "/" + language.rawValue, to: directory + "/lib", filling: false)
            }
        } catch {
            Self.remove(directory)
            throw error
        }
    }

    /// Copies all files below a directory; `filling` puts the name in.
    private func copy(_ source: String, to target: String, filling: Bool) throws(Failure) {
        for path in DirectoryWalk.files(below: source, { _ in true }).sorted() {
            let place = target + String(decoding: path.utf8.dropFirst(source.utf8.count), as: UTF8.self)
            Self.makeParents(of: place)
            let file: (bytes: [UInt8], status: SmallFile.Status)
            do {
                file = try SmallFile.read(path, limit: Self.fileLimit)
            } catch {
                throw Failure(code: "not_written", message: "\(path) cannot be read: \(error)")
            }
            let text = String(decoding: file.bytes, as: UTF8.self)
            let bytes = filling ? Array(text.replacing(Self.placeholder, with: name).utf8) : file.bytes
            try Self.write(bytes, to: place, mode: file.status.isExecutable ? 0o755 : 0o644)
        }
    }

    // MARK: Files

    /// What cannot be made shows when the file is written.
    private static func makeParents(of path: String) {
        for (index, byte) in zip(path.utf8.indices, path.utf8)
        where byte == UInt8(ascii: "/") && index > path.startIndex {
            _ = mkdir(String(path[..<index]), 0o755)
        }
    }

    private static func write(_ bytes: [UInt8], to path: String, mode: mode_t) throws(Failure) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw notWritten(path) }
        defer { close(descriptor) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw notWritten(path) }
            rest.removeFirst(count)
        }
    }

    private static func notWritten(_ path: String) -> Failure {
        Failure(code: "not_written", message: "\(path) cannot be written: \(String(cString: strerror(errno)))")
    }

    /// Removes what this project has written, and nothing else: a directory that is not empty then stays.
    private static func remove(_ directory: String) {
        for path in DirectoryWalk.files(below: directory, { _ in true }) {
            unlink(path)
            var parent = path[...]
            while let slash = parent.lastSlash, parent.utf8.count > directory.utf8.count {
                parent = parent[..<slash]
                guard rmdir(String(parent)) == 0 else { break }
            }
        }
        rmdir(directory)
    }
}
