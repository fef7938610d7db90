public import Glibc

/// Runs `body` with a fresh directory, which is removed with all that is in it when the body has returned or thrown.
public func withTemporaryDirectory<R>(_ body: (TemporaryDirectory) async throws -> R) async throws -> R {
    let directory = try TemporaryDirectory()
    defer { directory.remove() }
    return try await body(directory)
}

/// Runs a body that does not wait for anything with a fresh directory; see the other form.
public func withTemporaryDirectory<R>(_ body: (TemporaryDirectory) throws -> R) throws -> R {
    let directory = try TemporaryDirectory()
    defer { directory.remove() }
    return try body(directory)
}

/// A call that the support of the tests needs and that failed.
public struct TestSupportFailure: Error, CustomStringConvertible {
    public let description: String

    public init(_ call: String, _ subject: String, errno number: Int32 = errno) {
        description = "\(call) \(subject): \(String(cString: strerror(number)))"
    }
}

/// A directory of one test.
public struct TemporaryDirectory: Sendable {
    /// Its absolute path without links.
    public let path: String

    init() throws {
        var template = Array("/tmp/ostler-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil, let real = realpath(template, nil) else {
            throw TestSupportFailure("mkdtemp", "/tmp")
        }
        defer { free(real) }
        path = String(cString: real)
    }

    /// The absolute path of something in it.
    public func file(_ relative: String) -> String { path + "/" + relative }

    /// Makes a directory and those above it; returns its path.
    @discardableResult
    public func makeDirectory(_ relative: String) throws -> String {
        var current = path
        for part in relative.split(separator: "/") {
            current += "/" + part
            guard mkdir(current, 0o755) == 0 || errno == EEXIST else { throw TestSupportFailure("mkdir", current) }
        }
        return current
    }

    /// Writes a file and makes the directories above it; returns its path.
    @discardableResult
    public func write(_ relative: String, _ bytes: some Collection<UInt8>, mode: mode_t = 0o644) throws -> String {
        try makeDirectory(relative.split(separator: "/").dropLast().joined(separator: "/"))
        let target = file(relative)
        let descriptor = open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw TestSupportFailure("open", target) }
        defer { close(descriptor) }
        var left = Array(bytes)[...]
        while !left.isEmpty {
            let count = left.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw TestSupportFailure("write", target) }
            left = left.dropFirst(count)
        }
        guard fchmod(descriptor, mode) == 0 else { throw TestSupportFailure("fchmod", target) }
        return target
    }

    /// Writes text.
    @discardableResult
    public func write(_ relative: String, _ text: String, mode: mode_t = 0o644) throws -> String {
        try write(relative, text.utf8, mode: mode)
    }

    /// Writes an executable script.
    @discardableResult
    public func script(_ relative: String, _ text: String) throws -> String {
        try write(relative, text.utf8, mode: 0o755)
    }

    /// Makes a symbolic link; returns its path.
    @discardableResult
    public func link(_ relative: String, to content: String) throws -> String {
        guard symlink(content, file(relative)) == 0 else { throw TestSupportFailure("symlink", file(relative)) }
        return file(relative)
    }

    /// The bytes of a file in it.
    public func read(_ relative: String) throws -> [UInt8] {
        try contents(ofFile: file(relative))
    }

    func remove() {
        Self.removeTree(path)
    }

    private static func removeTree(_ path: String) {
        if unlink(path) == 0 || errno == ENOENT { return }
        chmod(path, 0o700)
        for name in namesOfDirectory(path) { removeTree(path + "/" + name) }
        rmdir(path)
    }
}

/// The names in a directory without `.` and `..`, sorted; empty if it cannot be read.
public func namesOfDirectory(_ path: String) -> [String] {
    guard let stream = opendir(path) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
}

/// All bytes of a file.
public func contents(ofFile path: String) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw TestSupportFailure("open", path) }
    defer { close(descriptor) }
    return try contents(ofDescriptor: descriptor)
}

/// Everything that a blocking descriptor gives until its end. The descriptor stays the caller's.
public func contents(ofDescriptor descriptor: Int32) throws -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = read(descriptor, &chunk, chunk.count)
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { throw TestSupportFailure("read", "descriptor \(descriptor)") }
        guard count > 0 else { return bytes }
        bytes.append(contentsOf: chunk.prefix(count))
    }
}
