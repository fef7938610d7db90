public import Glibc

/// A ``TemporaryDirectory`` that a suite keeps as a property: it is removed with its object. What cannot be set up
/// ends the test run, so that tests need not mark each file that they write with `try`.
public final class SuiteDirectory: Sendable {
    private let directory: TemporaryDirectory
    /// Its absolute path without links.
    public var root: String { directory.path }

    public init() {
        directory = Self.must { try TemporaryDirectory() }
    }

    deinit {
        directory.remove()
    }

    /// The absolute path of something in it.
    public func path(_ relative: String) -> String { directory.file(relative) }

    /// Makes a directory and those above it.
    public func makeDirectory(_ relative: String) {
        Self.must { _ = try directory.makeDirectory(relative) }
    }

    /// Writes a file, and makes the directories above it.
    public func write(_ relative: String, _ text: String, mode: mode_t = 0o644) {
        Self.must { _ = try directory.write(relative, text, mode: mode) }
    }

    private static func must<R>(_ body: () throws -> R) -> R {
        do {
            return try body()
        } catch {
            fatalError("\(error)")
        }
    }
}
