package import OstlerSystem

/// What the view of an allow list holds: the programs, what the kernel and the loader start and map for them, and bundles.
package struct ProgramClosure: Sendable, Equatable {
    /// A file, by its path without links.
    package struct File: Sendable, Equatable {
        package let path: String
        package let stamp: FileStamp
        /// Whether the file is started, by somebody or by the kernel, and not only mapped.
        package internal(set) var isExecutable: Bool
        /// Its place in the list of allowed programs, if it was named.
        package internal(set) var program: Int?
    }

    /// A directory that is taken whole.
    package struct Directory: Sendable, Equatable {
        package let path: String
        package let isExecutable: Bool
    }

    package internal(set) var files: [File] = []
    package internal(set) var links: [String: String] = [:]
    package internal(set) var directories: [Directory] = []
    /// Names of the bundles, in order.
    package internal(set) var bundles: [String] = []
    /// What is missing: a program that needs it will not start.
    package internal(set) var problems: [String] = []

    /// Directories of mere data, which every program sees and nobody can execute.
    package static let data = ["/usr/share", "/usr/lib/locale"]

    static func isData(_ path: String) -> Bool { data.contains { path.hasPrefix($0 + "/") } }

    func holdsWhole(_ path: String) -> Bool { directories.contains { path.hasPrefix($0.path + "/") } }
}
