internal import OstlerConfig
internal import OstlerJSON
package import OstlerTrust

/// The allow and block lists of the configuration and of `plugins.lock`, together.
struct PluginLists {
    private struct Rule {
        let name: String
        let pattern: PluginPattern
    }

    private let allow: [Rule]
    private let block: [Rule]
    /// A pattern of a block list that means nothing: nobody can say what it was to keep out.
    private let brokenRule: String?

    init(_ config: HostConfig.Plugins, _ lock: PluginLock) {
        func rules(_ texts: [String], _ origin: String) -> [Rule] {
            texts.compactMap { text in
                (try? PluginPattern(parsing: text)).map {
                    Rule(name: "\(origin): \(JSONValue.string(text).text)", pattern: $0)
                }
            }
        }
        allow = rules(config.allow, "plugins.allow")
        block = rules(config.block, "plugins.block") + rules(lock.blocked, "ostler plugin block")
        brokenRule = (config.block + lock.blocked).first { (try? PluginPattern(parsing: $0)) == nil }
    }

    /// The rule that keeps a plugin out, in words; nil if there is none. Throws if its contents would have to be known and
    /// cannot be.
    func blockingRule(for name: String, in directory: String) throws(TrustError) -> String? {
        if let brokenRule { return "a pattern that means nothing: \(JSONValue.string(brokenRule).text)" }
        var identity: PluginIdentity?
        if (allow + block).contains(where: \.pattern.needsContents) { identity = try PluginTree(directory).identity() }
        if let rule = block.first(where: { $0.pattern.matches(name: name, identity) }) { return rule.name }
        return allow.contains { $0.pattern.matches(name: name, identity) } ? nil : "plugins.allow: no pattern matches"
    }
}

extension TrustError {
    /// A plugin that asks for more than it was granted when it was let in.
    package static func needsMore(_ name: String, _ more: [Permission]) -> TrustError {
        TrustError(
            .needsMore,
            "the plugin \(name) asks for more than it was granted: \(more.map(\.text).joined(separator: ", "))",
            hint: "if it may have that, say so with ostler plugin add or ostler plugin trust, and --yes or --grant"
        )
    }

    /// What the body throws; nil if it does not.
    static func caught(_ body: () throws(TrustError) -> Void) -> TrustError? {
        do throws(TrustError) {
            try body()
            return nil
        } catch {
            return error
        }
    }
}
