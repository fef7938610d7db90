package import OstlerJSON
internal import OstlerSystem

/// Where the value of a secret comes from.
package enum SecretSource: Sendable, Equatable {
    /// An absolute path of the host.
    case file(String)
    /// A program and its arguments, started without a shell; what it writes to stdout.
    case command([String])
    /// A variable of the caller's environment.
    case variable(String)

    static let keys = ["file", "command", "env"]

    static func all(reading reader: ValueReader) -> [String: SecretSource] {
        var sources: [String: SecretSource] = [:]
        for (name, section) in reader.anyMembers()?.all ?? [] {
            if !Identifier.isValid(name) {
                section.report(
                    .invalidName,
                    "\(Quotation.text(name)) is not a name of a secret; \(Identifier.rule)",
                    atKey: true
                )
            }
            sources[name] = SecretSource(reading: section)
        }
        return sources
    }

    init?(reading reader: ValueReader) {
        guard let members = reader.members(Self.keys) else { return nil }
        let given = Self.keys.filter { members[$0] != nil }
        guard given.count == 1 else {
            reader.report(
                .invalidValue,
                "\(reader.name) must have one of \(Self.keys.joined(separator: ", "))",
                hint: "such as {file: /etc/keys/db}"
            )
            return nil
        }
        if let file = members["file"] {
            guard let path = file.string() else { return nil }
            guard path.isAbsolutePath else {
                file.report(.invalidValue, "\(file.name) must be an absolute path, not \(file.value.summary)")
                return nil
            }
            self = .file(path)
        } else if let command = members["command"] {
            guard let words = command.elements()?.compactMap({ $0.text() }) else { return nil }
            guard words.first?.isEmpty == false else {
                command.report(.invalidValue, "\(command.name) must be a list that begins with a program")
                return nil
            }
            self = .command(words)
        } else {
            guard let variable = members["env"]?.string() else { return nil }
            self = .variable(variable)
        }
    }

    /// As the file says it.
    package var tree: JSONValue {
        switch self {
        case .file(let path): ["file": .string(path)]
        case .command(let words): ["command": .array(words.map { .string($0) })]
        case .variable(let name): ["env": .string(name)]
        }
    }
}
