internal import Glibc
internal import OstlerProtocol
internal import OstlerSystem

/// Users and groups by their names, as the files of the root have them.
struct Accounts {
    let files: RootedFiles

    /// The number of a user, by its name or as it stands.
    func user(_ text: String?) throws(Failure) -> UInt32? { try number(text, in: "/etc/passwd", "user") }

    func group(_ text: String?) throws(Failure) -> UInt32? { try number(text, in: "/etc/group", "group") }

    private func number(_ text: String?, in path: String, _ kind: String) throws(Failure) -> UInt32? {
        guard let text else { return nil }
        if let number = UInt32(text) { return number }
        for line in try lines(path) {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            if fields.count > 2, fields[0] == text, let number = UInt32(fields[2]) { return number }
        }
        throw Failure(
            "unknown_account",
            fault: .task,
            message: "there is no \(kind) \"\(text)\" in \(path)",
            hint: "write its number, or make it first"
        )
    }

    private func lines(_ path: String) throws(Failure) -> [Substring] {
        let file = try files.open(path, O_RDONLY)
        return String(decoding: try RootedFiles.contents(of: file.number, path), as: UTF8.self).split(separator: "\n")
    }
}
