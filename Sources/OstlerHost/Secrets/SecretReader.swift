internal import Glibc
internal import OstlerConfig
internal import OstlerProtocol

/// Reads a secret from its source. It may wait, so it is never called on the loop.
enum SecretReader {
    static func read(_ name: String, _ source: SecretSource) -> Result<SecretValue, Failure> {
        do throws(SourceFailure) {
            let value = SecretValue(name: name, bytes: try bytes(of: source))
            guard value.core.count >= SecretValue.minimumBytes else { return .failure(.secretTooShort(name)) }
            return .success(value)
        } catch {
            return .failure(.secretUnavailable(name, error.reason))
        }
    }

    /// Why a source gives nothing.
    struct SourceFailure: Error {
        let reason: String
    }

    static let tooLarge = SourceFailure(reason: "it has more than \(SecretValue.maximumBytes) bytes")

    private static func bytes(of source: SecretSource) throws(SourceFailure) -> [UInt8] {
        switch source {
        case .file(let path): return try file(path)
        case .command(let words): return try SecretCommand.output(of: words)
        case .variable(let name):
            guard let value = getenv(name) else { throw SourceFailure(reason: "the variable \(name) is not set") }
            let bytes = Array(UnsafeRawBufferPointer(start: value, count: strlen(value)))
            guard bytes.count <= SecretValue.maximumBytes else { throw tooLarge }
            return bytes
        }
    }

    private static func file(_ path: String) throws(SourceFailure) -> [UInt8] {
        // A pipe could make us wait for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw SourceFailure(reason: "\(path): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw SourceFailure(reason: "\(path) is not a regular file")
        }
        var bytes = [UInt8](repeating: 0, count: SecretValue.maximumBytes + 1)
        var count = 0
        while count < bytes.count {
            let more = bytes.withUnsafeMutableBytes { bytes in
                Glibc.read(descriptor, bytes.baseAddress.unsafelyUnwrapped + count, bytes.count - count)
            }
            if more < 0, errno == EINTR { continue }
            guard more >= 0 else { throw SourceFailure(reason: "\(path): \(String(cString: strerror(errno)))") }
            if more == 0 { break }
            count += more
        }
        guard count <= SecretValue.maximumBytes else { throw tooLarge }
        return Array(bytes[..<count])
    }
}
