internal import Glibc
public import Testing

/// Compares bytes with a file under `Tests/Fixtures`. With `RECORD_SNAPSHOTS=1` the file is written instead, and the
/// test fails, so that nobody takes over a recording unseen.
public func expectGolden(
    _ bytes: [UInt8],
    _ relative: String,
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let path = Surroundings.packageRoot() + "/Tests/Fixtures/" + relative
    if Surroundings.environment("RECORD_SNAPSHOTS") == "1" {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw TestSupportFailure("open", path) }
        defer { close(descriptor) }
        guard write(descriptor, bytes, bytes.count) == bytes.count else { throw TestSupportFailure("write", path) }
        Issue.record("recorded \(relative): look at it, then run the test again", sourceLocation: sourceLocation)
        return
    }
    let expected = try contents(ofFile: path)
    #expect(
        String(decoding: bytes, as: UTF8.self) == String(decoding: expected, as: UTF8.self),
        "differs from Tests/Fixtures/\(relative)",
        sourceLocation: sourceLocation
    )
    #expect(bytes == expected, sourceLocation: sourceLocation)
}
