internal import OstlerSystem

/// Where the loader would find a library, for a program of the view.
///
/// What depends on the processor at hand (variants below `glibc-hwcaps`) is all taken: a closure may hold more than is
/// needed, not less.
struct LibrarySearch {
    /// Who needs a library.
    struct Requester {
        /// The directories of the files by which it was found and that it really is.
        let origins: [String]
        let elf: ELFFile
        /// `DT_RPATH` of itself and of those that needed it, expanded.
        let inherited: [String]
    }

    private let cache: LoaderCache
    private let exists: (String) -> Bool

    #if arch(x86_64)
        private static let triplet = "x86_64-linux-gnu"
        private static let variants = ["x86-64-v4", "x86-64-v3", "x86-64-v2"]
        private static let platform = "x86_64"
    #elseif arch(arm64)
        private static let triplet = "aarch64-linux-gnu"
        private static let variants: [String] = []
        private static let platform = "aarch64"
    #endif

    private static let defaults = [
        "/lib/" + triplet, "/usr/lib/" + triplet, "/lib64", "/usr/lib64", "/lib", "/usr/lib",
    ]

    init(cache: LoaderCache, exists: @escaping (String) -> Bool = { ViewPath.follow($0) != nil }) {
        self.cache = cache
        self.exists = exists
    }

    /// The files that the loader may take; none if it would fail.
    func find(_ name: String, for requester: Requester) -> [String] {
        if name.firstSlash != nil { return Self.expand(name, requester.origins).filter(exists) }
        let own = requester.elf.ownPath.flatMap { Self.expand($0, requester.origins) }
        // With a DT_RUNPATH of its own the inherited paths do not count.
        for directory in own.isEmpty ? requester.inherited : own {
            let found = files(name, in: directory)
            if !found.isEmpty { return found }
        }
        let cached = requester.elf.skipsDefaults ? [] : cache.candidates(name).filter(exists)
        if !cached.isEmpty { return cached }
        for directory in requester.elf.skipsDefaults ? [] : Self.defaults {
            let found = files(name, in: directory)
            if !found.isEmpty { return found }
        }
        return []
    }

    private func files(_ name: String, in directory: String) -> [String] {
        let variants = Self.variants.map { "\(directory)/glibc-hwcaps/\($0)/\(name)" }
        return ([directory + "/" + name] + variants).filter(exists)
    }

    /// The meanings of a path with the loader's own variables.
    static func expand(_ path: String, _ origins: [String]) -> [String] {
        guard path.contains("$") else { return [path] }
        return origins.flatMap { origin in
            ["lib/" + triplet, "lib64", "lib"].map { library in
                path.replacing(["$ORIGIN", "${ORIGIN}"], by: origin)
                    .replacing(["$LIB", "${LIB}"], by: library)
                    .replacing(["$PLATFORM", "${PLATFORM}"], by: platform)
            }
        }.uniqued
    }
}

extension String {
    fileprivate func replacing(_ names: [String], by value: String) -> String {
        names.reduce(self) { text, name in
            text.split(separator: name, omittingEmptySubsequences: false).joined(separator: value)
        }
    }
}

extension [String] {
    fileprivate var uniqued: [String] {
        var seen: Set<String> = []
        return filter { seen.insert($0).inserted }
    }
}
