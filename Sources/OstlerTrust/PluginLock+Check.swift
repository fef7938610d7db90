internal import OstlerJSON
internal import OstlerSystem

extension PluginLock.Entry {
    /// Throws unless what lies in `directory` is what was let in. The files are hashed only if the kernel tells that any
    /// of them, or of the folders, has been touched since.
    package func check(_ directory: String, isThorough: Bool = false) throws(TrustError) {
        let tree = try open(directory)
        if !isThorough, isUntouched(tree) { return }
        try compare(tree)
    }

    /// Throws unless every file and folder is the very one that was let in, untouched since: for what was checked already
    /// and is in use.
    package func checkUntouched(_ directory: String) throws(TrustError) {
        guard !isUntouched(try open(directory)) else { return }
        try check(directory)
    }

    private func open(_ directory: String) throws(TrustError) -> PluginTree {
        do throws(TrustError) {
            return try PluginTree(directory)
        } catch {
            guard error.code == .symbolicLink || error.code == .unreadable else { throw error }
            throw TrustError(
                .storeEntryReplaced,
                "\(Quotation.bare(directory)) is not the folder of the plugin \(name): \(error.message)",
                hint: self.directory == nil
                    ? "ostler plugin add \(name)'s source again" : "ostler plugin trust it again"
            )
        }
    }

    private func isUntouched(_ tree: borrowing PluginTree) -> Bool {
        for part in parts {
            guard let facts = tree.facts(part.path), facts.partStamp == part.stamp,
                facts.isDirectory == (part.sha256 == nil), facts.isDirectory || facts.isRegular
            else { return false }
        }
        return true
    }

    /// Looks at every file; returns the parts as they are now.
    @discardableResult
    private func compare(_ tree: borrowing PluginTree) throws(TrustError) -> [HashedPart] {
        let found = try tree.sums().files
        let known = Dictionary(uniqueKeysWithValues: parts.map { (ExactKey($0.path), $0) })
        for file in found {
            guard let part = known[ExactKey(file.part.path)] else {
                throw refusal(.fileAdded, "\(Quotation.bare(file.part.path)) was added to the plugin \(name)")
            }
            guard part.sha256 == file.sha256, part.isExecutable == file.part.isExecutable else {
                throw refusal(.fileChanged, "\(Quotation.bare(file.part.path)) of the plugin \(name) was changed")
            }
        }
        let paths = Set(found.map { ExactKey($0.part.path) })
        if let missing = parts.first(where: { !paths.contains(ExactKey($0.path)) }) {
            throw refusal(.fileMissing, "\(Quotation.bare(missing.path)) of the plugin \(name) is gone")
        }
        return found
    }

    private func refusal(_ code: TrustError.Code, _ message: String) -> TrustError {
        TrustError(
            code,
            message + " since it was let in",
            hint: directory == nil
                ? "add it again from where it came: \(Quotation.bare(source))"
                : "look at the change, then ostler plugin trust it again"
        )
    }

    /// The entry with the stamps of now; throws as a thorough ``check(_:isThorough:)``.
    package func audited(_ directory: String) throws(TrustError) -> PluginLock.Entry {
        var entry = self
        entry.parts = try compare(open(directory)).map(PluginLock.Part.init)
        return entry
    }
}

extension PluginLock.Part {
    package init(_ file: HashedPart) {
        self.init(
            path: file.part.path,
            sha256: file.sha256,
            isExecutable: file.part.isExecutable,
            stamp: file.part.stamp
        )
    }
}
