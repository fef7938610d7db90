internal import OstlerConfig
internal import OstlerSystem

/// One promise of the protocol that binds a plugin, and how it is tried.
package struct ConformanceCheck: Sendable {
    /// How much a failure weighs.
    package enum Level: String, Sendable {
        /// A sentence of the protocol that says MUST.
        case must
        /// What the protocol recommends, or says without a number. A failure counts under `--strict` only.
        case should
    }

    typealias Trial = @LoopActor @Sendable (ConformanceRun) async throws -> Void

    /// Stable; begins with the number of the MUST, or with the section of the sentence: `M13-unknown-method`, `S2-mark`.
    package let name: String
    /// What the plugin must do, in one sentence.
    package let title: String
    /// What to do if it does not.
    package let remedy: String
    package let level: Level
    /// Whether the verdict comes from what is seen in all sessions, by ``SessionRules``.
    package let isWatched: Bool
    /// What is done to see; for what is watched, something that provokes it.
    let trial: Trial?

    /// A promise that has a trial of its own.
    init(_ name: String, _ title: String, remedy: String, level: Level = .must, trial: @escaping Trial) {
        (self.name, self.title, self.remedy, self.level) = (name, title, remedy, level)
        (isWatched, self.trial) = (false, trial)
    }

    /// A promise that is watched in every session.
    init(watched name: String, _ title: String, remedy: String, level: Level = .must, provoke: Trial? = nil) {
        (self.name, self.title, self.remedy, self.level) = (name, title, remedy, level)
        (isWatched, trial) = (true, provoke)
    }

    /// The number of the MUST; nil for a sentence without a number.
    package var must: Int? { name.hasPrefix("M") ? Int(name.dropFirst().prefix { $0 != "-" }) : nil }

    /// Every check, in the order in which they are tried.
    package static let all: [ConformanceCheck] =
        handshake + messages + tasks + cancelling + flow + ending + adversity + launching + workspaces + watched

    /// Whether a check has a name that a glob means.
    package static func fits(_ check: ConformanceCheck, _ glob: String) -> Bool { Glob.matches(glob, check.name) }

    /// Whether there is any check that a glob means.
    package static func names(fit glob: String) -> Bool { all.contains { fits($0, glob) } }

    /// Those that the others stand on: if one of them fails, what a later one shows means nothing.
    static let basics = ["M18-start", "M16-version", "M21-answer"]
}

/// Why a trial came to no good end. One that ends without is passed.
enum TrialEnd: Error {
    /// What was seen.
    case failed(String)
    /// The check is about something that the plugin does not do.
    case notApplicable(String)
    /// It applies, but the manifest gives nothing to try it with.
    case unproven(String)
    /// Another check has failed, without which this one cannot be tried.
    case blocked(by: String)
}
