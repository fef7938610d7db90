internal import Glibc
internal import OstlerProtocol
internal import OstlerSystem
internal import Synchronization

/// Users and groups by their names, as the files of a root have them. They are read anew when they have changed.
final class Accounts: Sendable {
    private struct Table {
        let stamp: FileStamp
        let numbers: [String: UInt32]
    }

    private let known = Mutex<[String: Table]>([:])

    /// The number of a user, by its name or as it stands.
    func user(_ text: String?, in files: RootedFiles) throws(Failure) -> UInt32? {
        try number(text, in: "/etc/passwd", files, "user")
    }

    func group(_ text: String?, in files: RootedFiles) throws(Failure) -> UInt32? {
        try number(text, in: "/etc/group", files, "group")
    }

    private func number(
        _ text: String?,
        in path: String,
        _ files: RootedFiles,
        _ kind: String
    ) throws(Failure) -> UInt32? {
        guard let text else { return nil }
        if let number = UInt32(text) { return number }
        if let number = try numbers(path, files)[text] { return number }
        throw Failure(
            "unknown_account",
            fault: .task,
            message: "there is no \(kind) \"\(text)\" in \(path)",
            hint: "write its number, or make it first"
        )
    }

    private func numbers(_ path: String, _ files: RootedFiles) throws(Failure) -> [String: UInt32] {
        let file: OwnedFD
        do throws(Failure) {
            file = try files.open(path, O_RDONLY)
        } catch {
            guard error.code == "no_such_file" else { throw error }
            return [:]
        }
        let stamp = FileStatus(of: file.number)?.stamp
        if let table = known.withLock({ $0[path] }), table.stamp == stamp { return table.numbers }
        let numbers = Self.read(String(decoding: try RootedFiles.contents(of: file.number, path), as: UTF8.self))
        if let stamp { known.withLock { $0[path] = Table(stamp: stamp, numbers: numbers) } }
        return numbers
    }

    private static func read(_ text: String) -> [String: UInt32] {
        var numbers: [String: UInt32] = [:]
        for line in text.textLines {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            // Of two lines with one name the first counts.
            guard fields.count > 2, let number = UInt32(fields[2]), numbers[String(fields[0])] == nil else { continue }
            numbers[String(fields[0])] = number
        }
        return numbers
    }
}
