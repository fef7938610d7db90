/// What a file or directory is to be.
package struct FileResource: Sendable, Equatable {
    package enum Ensure: String, Sendable, CaseIterable {
        case present
        case absent
        case directory
    }

    /// Where the content comes from.
    package enum Content: Sendable, Equatable {
        case text(String)
        /// A file of the operator's machine, absolute or relative to the working directory.
        case source(String)
        /// A file below the root, absolute.
        case rootedSource(String)
    }

    /// Absolute, without `.`, `..` and doubled slashes.
    package var path: String
    package var ensure: Ensure
    /// nil for whatever is there; an empty file if there is none.
    package var content: Content?
    /// A user's name or number; nil for whoever it is.
    package var owner: String?
    /// A group's name or number.
    package var group: String?
    /// The twelve bits of chmod(2).
    package var mode: UInt32?
    /// Whether its content is a secret, which no difference shows.
    package var isSensitive = false

    package init(path: String, ensure: Ensure = .present, content: Content? = nil) {
        self.path = path
        self.ensure = ensure
        self.content = content
    }
}
