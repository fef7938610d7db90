internal import OstlerConfig
internal import OstlerJSON

/// A configuration is refused with places that are in it, or says the same when its values are written out.
enum ConfigFuzz {
    static func check(_ bytes: UnsafeBufferPointer<UInt8>) throws(BrokenPromise) {
        let text = Array(bytes)
        let config: HostConfig
        do throws(ConfigFailure) {
            config = try HostConfig(parsing: text, file: "ostler.yaml")
        } catch {
            return try YAMLPromises.checkRefusal(error, of: text)
        }
        if let document = config.document { try YAMLPromises.checkDocument(document) }
        let tree = config.tree
        guard let again = try? HostConfig(parsing: YAMLPromises.text(tree), file: "again") else {
            throw BrokenPromise("the configuration written out is refused: \(tree.text)")
        }
        try promise(again.tree == tree, "the configuration written out says something else")
        for setting in config.settings { try promisePresentable(setting.origin.description) }
    }
}

/// What holds of every text that is read as YAML.
enum YAMLPromises {
    static func checkRefusal(_ failure: ConfigFailure, of text: [UInt8]) throws(BrokenPromise) {
        let lines = text.split(omittingEmptySubsequences: false) { $0 == 0x0A || $0 == 0x0D }.count
        try promise(!failure.problems.isEmpty && failure.problems.count <= 64, "\(failure.problems.count) problems")
        for problem in failure.problems {
            try promisePresentable(problem.description)
            guard let position = problem.position else { continue }
            // Besides LF and CR there are three line ends of Unicode's, of two bytes at least; and libyaml takes the end of
            // the text for the start of a line.
            let isInside = position.line >= 1 && position.column >= 1 && position.column <= text.count + 1
            let isNear = position.line <= max(lines, text.count / 2 + 1) + 1
            try promise(isInside && isNear, "\(problem) is not in the text")
        }
        let ordered = failure.problems.compactMap(\.position)
        try promise(ordered == ordered.sorted(), "the problems are not in the order of the text")
    }

    /// JSON as YAML takes it: a few characters that JSON has as they are must be escaped.
    static func text(_ value: JSONValue) -> String {
        var text = ""
        for scalar in value.text.unicodeScalars {
            switch scalar.value {
            case 0x80...0x9F, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF:
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    /// JSON is YAML: what was read, written as JSON, must be read as the same again.
    static func checkDocument(_ document: YAMLDocument) throws(BrokenPromise) {
        try JSONPromises.promiseRoundTrip(document.root)
        guard let again = try? YAMLDocument(parsing: text(document.root), file: "again") else {
            throw BrokenPromise("the document as JSON is no YAML: \(document.root.text)")
        }
        try promise(again.root == document.root, "the document as JSON is another: \(document.root.text)")
    }
}
