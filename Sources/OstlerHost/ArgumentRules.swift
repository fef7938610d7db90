internal import OstlerConfig
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSandbox
internal import OstlerSystem

/// Judges the arguments of a program by rules. What is strictest wins: one rule that blocks outweighs all that allow, and
/// a program for which something is allowed, and which no list allows as such, may do nothing else.
struct ArgumentRules: Sendable {
    /// Why a command line is refused.
    enum Refusal: Equatable {
        case blocked(by: String)
        /// None of these rules covers it.
        case notAllowed([String])
    }

    private let rules: [CommandRule]
    private let allowedNames: [String]
    private let resolver = ProgramResolver()

    init(_ rules: [CommandRule], allowedNames: [String]) {
        self.rules = rules
        self.allowedNames = allowedNames
    }

    var isEmpty: Bool { rules.isEmpty }

    /// nil if no rule is against it. The program is told by its file: another name for it is the same program.
    func judge(_ name: String, _ identity: FileIdentity?, _ arguments: [String]) -> Refusal? {
        let own = rules.filter { isSame($0.program, name, identity) }
        if let rule = own.first(where: { $0.decision == .block && $0.covers(arguments) }) {
            return .blocked(by: rule.text)
        }
        let allowing = own.filter { $0.decision == .allow }
        guard !allowing.isEmpty, !allowedNames.contains(where: { isSame($0, name, identity) }) else { return nil }
        return allowing.contains { $0.covers(arguments) } ? nil : .notAllowed(allowing.map(\.text))
    }

    private func isSame(_ listed: String, _ name: String, _ identity: FileIdentity?) -> Bool {
        if listed == name { return true }
        guard let identity else { return false }
        return resolver.resolve(listed)?.identity == identity
    }
}

extension JSONValue {
    /// The words of a list of arguments; one that is no text is written as `{base64}`, and may be text all the same.
    var words: [String] {
        (array ?? []).map { item in
            if let text = item.string { return text }
            let bytes = item["base64"]?.string.flatMap { text in
                Array(text.utf8).withUnsafeBufferPointer { Base64.decode($0) }
            }
            return String(decoding: bytes ?? [], as: UTF8.self)
        }
    }
}

extension JSONPointer {
    /// The place that holds the place.
    var holder: Substring {
        let text = description
        return text[..<(text.lastIndex(of: "/") ?? text.startIndex)]
    }
}
