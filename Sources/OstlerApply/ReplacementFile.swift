internal import COstlerShims
internal import Glibc
internal import OstlerProtocol
internal import OstlerSystem

/// A new file beside the one whose place it takes when it is whole.
///
/// Its name is always the same, so that what a killed run left is taken away by the next; and it is locked as long as it is
/// written, so that two runs at once do not put each other's halves into place.
struct ReplacementFile: ~Copyable {
    private let file: OwnedFD
    private let parent: Int32
    /// Its own name, and the name that it takes.
    private let name: String
    private let target: String
    private let path: String

    var number: Int32 { file.number }

    /// Waits for another run that writes the same file, for some time.
    /// - Parameters:
    ///   - parent: the directory.
    ///   - path: as the user knows it, for messages.
    init(beside target: String, in parent: Int32, path: String) throws(Failure) {
        (self.target, self.parent, self.path) = (target, parent, path)
        name = Self.name(for: target)
        file = try Self.make(name, in: parent, path)
    }

    /// Brings it to the disk and puts it into its place.
    func takePlace() throws(Failure) {
        guard fsync(file.number) == 0 else { throw .file("file_unavailable", "fsync", path, errno) }
        // Another user who may write here may have put something else in its place.
        guard Self.isNamed(name, in: parent, file) else { throw .file("file_unavailable", "rename", path, ENOENT) }
        guard renameat(parent, name, parent, target) == 0 else {
            throw .file("file_unavailable", "rename", path, errno)
        }
    }

    func discard() {
        if Self.isNamed(name, in: parent, file) { unlinkat(parent, name, 0) }
    }

    /// A file's name has 255 bytes at most.
    private static func name(for target: String) -> String {
        var kept = target[...]
        while kept.utf8.count > 200 { kept.unicodeScalars.removeLast() }
        return ".\(kept).ostler-new"
    }

    // MARK: The lock

    /// Milliseconds between two looks at a file that another run writes, and how many there are.
    private static let (pause, looks) = (UInt32(10), 1000)

    private static func make(_ name: String, in parent: Int32, _ path: String) throws(Failure) -> OwnedFD {
        for _ in 0..<looks {
            let descriptor = ostler_create_file(parent, name, O_WRONLY | O_EXCL | O_NOFOLLOW)
            if descriptor >= 0 {
                let file = OwnedFD(taking: descriptor)
                // Somebody may have looked at it before it was locked, and taken it for one that was left.
                if lock(file), isNamed(name, in: parent, file) { return file }
                continue
            }
            guard descriptor == -EEXIST else { throw .file("file_unavailable", "create", path, -descriptor) }
            try clear(name, in: parent, path)
        }
        throw Failure(
            "file_busy",
            fault: .task,
            message: "\(path): another run has been writing it for \(Int(pause) * looks / 1000) seconds",
            hint: "let the other one end first"
        )
    }

    /// Takes away what a run left that was killed; waits a moment if somebody still writes it.
    private static func clear(_ name: String, in parent: Int32, _ path: String) throws(Failure) {
        let descriptor = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        if descriptor < 0, errno == ENOENT { return }
        // What cannot be opened, or is another's, no run of this user has made.
        if descriptor >= 0 {
            let file = OwnedFD(taking: descriptor)
            if FileStatus(of: file.number)?.owner == geteuid() {
                guard lock(file) else {
                    usleep(pause * 1000)
                    return
                }
                guard isNamed(name, in: parent, file) else { return }
                return try remove(name, in: parent, path)
            }
        }
        try remove(name, in: parent, path)
    }

    private static func remove(_ name: String, in parent: Int32, _ path: String) throws(Failure) {
        guard unlinkat(parent, name, 0) == 0 || errno == ENOENT else {
            throw .file("file_unavailable", "remove", path, errno)
        }
    }

    /// Some file systems have no locks: there nobody else is seen.
    private static func lock(_ file: borrowing OwnedFD) -> Bool {
        flock(file.number, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK
    }

    private static func isNamed(_ name: String, in parent: Int32, _ file: borrowing OwnedFD) -> Bool {
        guard let own = FileStatus(of: file.number), let named = FileStatus(of: name, in: parent) else { return false }
        return own.stamp.identity == named.stamp.identity
    }
}
