/// Where what is in an archive goes.
package protocol ArchiveSink {
    /// Adds a folder and those above it. The path is relative and has no `..`; what else may be wrong with it, the sink
    /// refuses.
    func addFolder(_ path: String) throws(TrustError)

    /// Adds a file, whose pieces `fill` hands over.
    func addFile(
        _ path: String,
        isExecutable: Bool,
        _ fill: (_ take: (UnsafeRawBufferPointer) throws(TrustError) -> Void) throws(TrustError) -> Void
    ) throws(TrustError)
}

/// Unpacks a plugin in one file as its bytes come, however they are cut.
package struct ArchiveReader<Sink: ArchiveSink> {
    private let gzip: GzipReader?
    private var tar: TarReader<Sink>

    /// - Parameter isPacked: whether the tar is in gzip, as plugins are.
    package init(into sink: Sink, isPacked: Bool = true) throws(TrustError) {
        gzip = isPacked ? try GzipReader() : nil
        tar = TarReader(into: sink)
    }

    /// Takes the next bytes of the file.
    package mutating func feed(_ bytes: [UInt8]) throws(TrustError) {
        guard let gzip else { return try tar.feed(bytes) }
        try gzip.feed(bytes) { (bytes) throws(TrustError) in try self.tar.feed(bytes) }
    }

    /// Throws unless the archive is complete.
    package func finish() throws(TrustError) {
        guard gzip?.isAtEnd ?? true else {
            throw TrustError(.archiveTruncated, "the archive is cut off", hint: "get it again")
        }
        try tar.finish()
    }
}
