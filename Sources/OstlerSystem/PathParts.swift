/// Paths as the kernel reads them. By scalars: to Swift a slash and an accent behind it are one `Character`, which is no slash,
/// so that a path would be taken for another one than the kernel finds.
extension StringProtocol {
    /// What stands between the slashes, without what is empty.
    package var pathParts: [SubSequence] {
        unicodeScalars.split(separator: "/").map { self[$0.startIndex..<$0.endIndex] }
    }

    package var firstSlash: Index? { unicodeScalars.firstIndex(of: "/") }

    package var lastSlash: Index? { unicodeScalars.lastIndex(of: "/") }

    /// Whether it begins at the root.
    package var isAbsolutePath: Bool { unicodeScalars.first == "/" }

    /// Whether it ends with a slash, and so asks for a directory.
    package var endsWithSlash: Bool { unicodeScalars.last == "/" }
}
