/// A secret as a sandbox gets it. It describes itself by its name only.
package struct SandboxSecret: Sendable, Hashable, CustomStringConvertible {
    /// Where the files of secrets are in the view.
    package static let directory = "/run/secrets"

    package let name: String
    /// The variable that holds it; nil for a file.
    package let variable: String?
    package let bytes: [UInt8]

    package init(name: String, variable: String?, bytes: [UInt8]) {
        self.name = name
        self.variable = variable
        self.bytes = bytes
    }

    package var path: String { Self.directory + "/" + name }
    /// Its place: a path or a variable.
    package var place: String { variable.map { "$" + $0 } ?? path }
    package var description: String { "secret \(name) as \(place)" }

    /// Which secrets there are, for plans: files in a tmpfs of the sandbox's own, variables beside the others.
    static func steps(_ secrets: [SandboxSecret]) -> [PlanStep] {
        let files = secrets.filter { $0.variable == nil }
        let room = files.reduce(UInt64(64 << 10)) { $0 + UInt64($1.bytes.count + 4096) }
        var steps: [PlanStep] = secrets.filter { $0.variable != nil }.map(PlanStep.secret)
        if !files.isEmpty { steps += [.secrets(directory, size: room)] + files.map(PlanStep.secret) }
        return steps
    }
}
