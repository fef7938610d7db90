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

/// Compares the part of a page that stands between `<!-- NAME -->` and `<!-- end of NAME -->` with what it is to be made
/// from. With `RECORD_SNAPSHOTS=1` the page is written anew instead, and the test fails.
public func expectSection(
    _ name: String,
    ofPage relative: String,
    is text: String,
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let path = Surroundings.packageRoot() + "/" + relative
    let page = String(decoding: try contents(ofFile: path), as: UTF8.self)
    let (first, last) = ("<!-- \(name) -->\n", "<!-- end of \(name) -->\n")
    let head = page.components(separatedBy: first)
    let tail = head.last?.components(separatedBy: last) ?? []
    guard head.count == 2, tail.count == 2 else { throw TestSupportFailure("sections of", path, errno: EINVAL) }
    guard Surroundings.environment("RECORD_SNAPSHOTS") == "1" else {
        #expect(tail[0] == text, "\(relative) does not agree with \(name)", sourceLocation: sourceLocation)
        return
    }
    let written = Array((head[0] + first + text + last + tail[1]).utf8)
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw TestSupportFailure("open", path) }
    defer { close(descriptor) }
    guard write(descriptor, written, written.count) == written.count else { throw TestSupportFailure("write", path) }
    Issue.record("recorded \(name) in \(relative): look at it, then run the test again", sourceLocation: sourceLocation)
}

extension String {
    /// The pieces between every occurrence of a separator.
    fileprivate func components(separatedBy separator: String) -> [String] {
        var pieces: [String] = []
        var rest = self[...]
        while let found = rest.firstRange(of: separator) {
            pieces.append(String(rest[..<found.lowerBound]))
            rest = rest[found.upperBound...]
        }
        return pieces + [String(rest)]
    }
}
