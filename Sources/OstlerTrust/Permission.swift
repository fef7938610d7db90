package import OstlerJSON
internal import OstlerSystem

/// One thing that a plugin may be given beyond an empty sandbox.
package enum Permission: Sendable, Hashable {
    /// To have the launcher start commands.
    case launch
    /// A loopback of its own.
    case loopback
    /// A program that it starts.
    case program(String)
    /// A path of the host; to write to, or only to read.
    case file(String, isWritable: Bool)
    /// A secret of the configuration, by its name.
    case secret(String)

    /// `launch`, `network:loopback`, `program:git`, `file:/etc/ssl:ro`, `secret:db`.
    package var text: String {
        switch self {
        case .launch: "launch"
        case .loopback: "network:loopback"
        case .program(let name): "program:" + name
        case .file(let path, let isWritable): "file:\(path):\(isWritable ? "rw" : "ro")"
        case .secret(let name): "secret:" + name
        }
    }

    /// ``text`` for a terminal, which it cannot give orders to.
    package var shown: String { Quotation.bare(text, longest: 4096) }

    /// What it means, for a person.
    package var meaning: String {
        switch self {
        case .launch: "start commands, each in a sandbox of its own"
        case .loopback: "a network of its own, without a way out"
        case .program(let name): "start the program \(Quotation.bare(name))"
        case .file(let path, let isWritable): "\(isWritable ? "read and write" : "read") \(Quotation.bare(path))"
        case .secret(let name): "read the secret \(Quotation.bare(name))"
        }
    }

    /// Reads ``text``.
    package init(parsing text: String) throws(TrustError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let value = parts.count > 1 ? parts[1] : ""
        switch (parts[0], value) {
        case ("launch", "") where parts.count == 1: self = .launch
        case ("network", "loopback"): self = .loopback
        case ("program", let name) where !name.isEmpty: self = .program(name)
        case ("secret", let name) where !name.isEmpty: self = .secret(name)
        case ("file", let place) where place.isAbsolutePath && (place.hasSuffix(":ro") || place.hasSuffix(":rw")):
            self = .file(String(place.dropLast(3)), isWritable: place.hasSuffix(":rw"))
        default:
            throw TrustError(
                .invalidPermission,
                "\(Quotation.text(text)) is not a permission",
                hint: "such as launch, network:loopback, program:git, file:/etc/ssl:ro, secret:db"
            )
        }
    }

    /// Whether who has this has the other as well.
    func covers(_ other: Permission) -> Bool {
        if case .file(let path, true) = self, case .file(let wanted, _) = other { return path == wanted }
        return self == other
    }
}

/// What a plugin asks for, or was granted.
package struct Permissions: Sendable, Equatable {
    /// Without repetition, in the order of their texts.
    package let all: [Permission]

    package init(_ permissions: some Sequence<Permission> = []) {
        all = Set(permissions).sorted { Array($0.text.utf8).lexicographicallyPrecedes(Array($1.text.utf8)) }
    }

    package var isEmpty: Bool { all.isEmpty }
    package var launch: Bool { all.contains(.launch) }
    package var loopback: Bool { all.contains(.loopback) }

    package var files: [(path: String, isWritable: Bool)] {
        all.compactMap { if case .file(let path, let isWritable) = $0 { (path, isWritable) } else { nil } }
    }

    package var programs: [String] {
        all.compactMap { if case .program(let name) = $0 { name } else { nil } }
    }

    package var secrets: [String] {
        all.compactMap { if case .secret(let name) = $0 { name } else { nil } }
    }

    /// What is asked for here and is not in `granted`.
    package func beyond(_ granted: Permissions) -> [Permission] {
        all.filter { wanted in !granted.all.contains { $0.covers(wanted) } }
    }

    /// What is asked for here and granted there: of a file that was asked for to write, and granted to read, the reading.
    package func limited(to granted: Permissions) -> Permissions {
        Permissions(
            all.compactMap { wanted in
                if granted.all.contains(where: { $0.covers(wanted) }) { return wanted }
                return granted.all.first { wanted.covers($0) }
            }
        )
    }

    /// The texts, as a list.
    package var json: JSONValue { .array(all.map { .string($0.text) }) }
}
