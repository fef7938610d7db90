package import OstlerProtocol
package import OstlerTasks

/// What resources are applied to: the machine, or a stand-in for it.
package protocol ResourceWorld: Sendable {
    /// A resource's turn begins: what is run until its end is a part of it.
    func begin(_ resource: Resource) async

    /// A resource's turn ends so.
    func end(_ outcome: ResourceOutcome) async

    /// Whether a path exists, be it a file, a directory or anything else.
    /// - Parameter path: absolute.
    func exists(_ path: String) async throws(Failure) -> Bool

    /// Where a path leads as things are: over which links, and where to. What cannot be looked at is no link.
    /// - Parameter path: absolute and normalized.
    func resolve(_ path: String) async -> ResolvedPath

    /// What would have to be done for a file to be as it is to be. Throws what ``make(_:)`` would, as far as can be told.
    /// - Parameter withDiff: whether the lines that differ are wanted.
    func inspect(_ file: FileResource, withDiff: Bool) async throws(Failure) -> FileInspection

    /// Makes a file as it is to be; what a reader sees of it is whole at any time.
    func make(_ file: FileResource) async throws(Failure)

    /// Runs a task to its end.
    /// - Parameters:
    ///   - attempt: at the resource, from 1.
    ///   - title: the resource under whose title its output is logged; nil for none.
    func run(_ task: TaskSpec, attempt: Int, loggedAs title: String?) async -> TaskResult

    /// Whether what an executor may have done already may be done again.
    func idempotency(of executor: String) async -> Idempotency

    /// How long a task may take that does not say, in milliseconds; nil for no limit.
    var defaultTimeout: Int64? { get async }

    /// Waits; less if it is interrupted.
    func pause(milliseconds: Int64) async

    /// Whether whoever asked for it has asked to stop.
    var isInterrupted: Bool { get async }
}

/// How a file is, and in what it is not as it is to be.
package struct FileInspection: Sendable, Equatable {
    /// What there is.
    package enum Found: Sendable, Equatable {
        case nothing
        case file
        case directory
        /// A link, a pipe, a device.
        case other
    }

    package var found: Found
    /// Whether the directory that it lies in is there.
    package var hasParent: Bool
    /// In words; empty if all is as it is to be.
    package var differences: [String] = []
    package var diff: String?
    /// What lies in a directory that is to be removed, by name.
    package var holds: [String] = []

    package init(found: Found, hasParent: Bool) {
        self.found = found
        self.hasParent = hasParent
    }

    /// How a mode that is another one is told among the differences.
    package static func difference(ofMode mode: UInt32, to wanted: UInt32) -> String {
        "mode \(octal(mode)) -> \(octal(wanted))"
    }

    private static func octal(_ mode: UInt32) -> String {
        let digits = String(mode, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
