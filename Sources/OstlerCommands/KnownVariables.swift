internal import OstlerJSON
internal import OstlerProtocol

/// The environment variables that are Ostler's own.
enum KnownVariables {
    private static let prefix = "OSTLER_"
    private static let names = ["CONFIG", "PLUGIN_PATH", "LIBEXEC", "LOG_LEVEL", "LOG_FORMAT", "STORE"]

    /// A variable that is nearly one of Ostler's. As with a key of the configuration, what it was meant to say would be
    /// left out silently; others may have variables of that prefix for themselves.
    static func misspelled(in environment: [String: String]) -> Failure? {
        for name in environment.keys.sorted() where name.hasPrefix(prefix) {
            let word = String(name.dropFirst(prefix.count))
            guard !names.contains(word), let near = Suggestion.nearest(to: word, in: names) else { continue }
            return Failure(
                "unknown_variable",
                fault: .user,
                message:
                    "unknown environment variable \(Quotation.bare(name, longest: 60)); did you mean \(prefix)\(near)?",
                hint: "rename it, or unset it"
            )
        }
        return nil
    }
}
