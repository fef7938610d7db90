internal import Glibc

/// One attempt of `Tests/Sandbox/escapes` to leave a sandbox. What it is stands in the comment that its file begins with.
public struct EscapeAttempt: Sendable, CustomStringConvertible {
    /// Where the attempt is made without a sandbox, to show that it can succeed.
    public enum Control: Sendable, Equatable {
        case plain
        /// In namespaces of its own, which vanish.
        case disposable
        case none(String)
    }

    /// A file that says too little.
    public struct Malformed: Error, CustomStringConvertible {
        public let description: String
    }

    /// The name of the program: the file's, without `.c`.
    public let name: String
    public let file: String
    public let tries: String
    public let source: String
    /// The layers that refuse it, by the names of the certificate.
    public let layers: [String]
    public let control: Control
    /// What it exits with when it was held.
    public let exitCode: Int

    public var description: String { name }

    public static let directory = Surroundings.packageRoot() + "/Tests/Sandbox"

    /// All of them, by name.
    public static func all() throws -> [EscapeAttempt] {
        try namesOfDirectory(directory + "/escapes").map(EscapeAttempt.init(file:))
    }

    init(file: String) throws {
        let text = String(decoding: try contents(ofFile: Self.directory + "/escapes/" + file), as: UTF8.self)
        let fields = Self.fields(text)
        func field(_ name: String) throws -> String {
            guard let value = fields[name] else { throw Malformed(description: "\(file) has no line '\(name):'") }
            return value
        }
        self.file = file
        name = file.hasSuffix(".c") ? String(file.dropLast(2)) : file
        tries = try field("Tries")
        source = try field("Source")
        layers = try field("Layers").split(separator: ",").map { $0.drop { $0 == " " } }.map(String.init)
        exitCode = fields["Exit"].flatMap { Int($0) } ?? 0
        let control = try field("Control")
        switch control {
        case "plain": self.control = .plain
        case "disposable": self.control = .disposable
        case _ where control.hasPrefix("none (") && control.hasSuffix(")"):
            self.control = .none(String(control.dropFirst(6).dropLast()))
        default: throw Malformed(description: "\(file): Control is '\(control)'")
        }
    }

    /// The `Name: value` lines of the first comment; a line without a name goes on with the one before.
    private static func fields(_ text: String) -> [String: String] {
        var fields: [String: String] = [:]
        var last: String?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("#!") { continue }
            guard let mark = ["// ", "# "].first(where: { line.hasPrefix($0) }) else { break }
            let words = line.dropFirst(mark.count)
            if let colon = words.firstIndex(of: ":"), words[..<colon].allSatisfy(\.isLetter),
                words.first?.isUppercase == true
            {
                let name = String(words[..<colon])
                fields[name] = String(words[words.index(after: colon)...].drop { $0 == " " })
                last = name
            } else if let last {
                fields[last, default: ""] += " " + words
            }
        }
        return fields
    }

    /// The directory with the built programs; they are built when they are first asked for, beside the other products.
    public static func programs() throws -> String {
        try built.get() + "/programs"
    }

    /// The launchers that leave out the layers which a plan does not ask for.
    public static func launchers() throws -> String {
        try built.get() + "/launchers"
    }

    private static let built: Result<String, TestSupportFailure> = {
        let target = Surroundings.products + "/escapes"
        let status = exitStatus(of: "/bin/bash", [directory + "/build", target])
        guard status == 0 else {
            return .failure(TestSupportFailure("\(directory)/build", "ended with \(status);", errno: 0))
        }
        return .success(target)
    }()
}
