/// A format that comes from outside, with what must hold of it whatever the bytes are.
///
/// The fuzzer tries bytes that it makes up (`scripts/fuzz`); the tests try those that are kept in
/// `Tests/Fixtures/fuzz`: seeds, and all that the fuzzer ever found.
package enum FuzzTarget: String, CaseIterable, Sendable {
    /// What a plugin writes to its stdout.
    case frames
    /// A JSON schema, a NUL, and a payload.
    case schema
    /// `plugin.yaml`.
    case manifest
    /// `ostler.yaml`.
    case config
    /// A file of tasks.
    case tasks
    /// What a plugin answers, and what becomes of it.
    case results
    /// `plugins.lock`.
    case lock
    /// A plugin in one file.
    case archive
    /// A public key, a NUL, a signature, a NUL, and what was signed.
    case signature
    /// The functions of a shared object, as JSON.
    case foreign
    /// A manifest of resources.
    case resources
    /// Holds a fault on purpose; a fuzzer that does not find it is of no use.
    case planted

    /// The formats that are real.
    package static let real = allCases.filter { $0 != .planted }

    /// Throws if a promise is broken. What is allowed to be refused is no broken promise.
    package func check(_ bytes: UnsafeBufferPointer<UInt8>) throws(BrokenPromise) {
        switch self {
        case .frames: try FrameFuzz.check(bytes)
        case .schema: try SchemaFuzz.check(bytes)
        case .manifest: try ManifestFuzz.check(bytes)
        case .config: try ConfigFuzz.check(bytes)
        case .tasks: try TaskFuzz.check(bytes)
        case .results: try ResultFuzz.check(bytes)
        case .lock: try LockFuzz.check(bytes)
        case .archive: try ArchiveFuzz.check(bytes)
        case .signature: try SignatureFuzz.check(bytes)
        case .foreign: try ForeignFuzz.check(bytes)
        case .resources: try ResourceFuzz.check(bytes)
        case .planted: try PlantedFuzz.check(bytes)
        }
    }
}

/// A promise that does not hold for some input.
package struct BrokenPromise: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// Throws unless the condition holds.
func promise(_ holds: Bool, _ what: @autoclosure () -> String) throws(BrokenPromise) {
    guard holds else { throw BrokenPromise(what()) }
}

/// A message must be a line that can be shown on any terminal, and not too long to be read.
func promisePresentable(_ message: String) throws(BrokenPromise) {
    let isPlain = message.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    try promise(isPlain, "a message with control characters: \(message.debugDescription)")
    try promise(message.utf8.count <= 2000, "a message of \(message.utf8.count) bytes: \(message.prefix(200))")
    try promise(!message.isEmpty, "an empty message")
}
