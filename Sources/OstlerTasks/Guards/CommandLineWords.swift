/// Splits a line into words as a shell does, and does nothing else that a shell would: no variables, no patterns, no
/// operators.
package enum CommandLineWords {
    /// A quote or escape that the line ends in.
    package struct Unterminated: Error, Equatable, CustomStringConvertible {
        package let what: String
        package var description: String { "Unterminated \(what)" }
    }

    /// The words of a line. In single quotes all stands for itself; in double quotes a backslash takes away the meaning
    /// of `"`, `\`, `$` and a backquote; outside of quotes that of any character.
    package static func split(_ line: String) throws(Unterminated) -> [String] {
        var words: [String] = []
        var word: String.UnicodeScalarView?
        var rest = line.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case " ", "\t", "\n", "\r":
                if let ended = word { words.append(String(ended)) }
                word = nil
            case "'": word = (word ?? .init()) + (try singleQuoted(&rest))
            case "\"": word = (word ?? .init()) + (try doubleQuoted(&rest))
            case "\\":
                guard let escaped = rest.popFirst() else { throw Unterminated(what: "escape") }
                // A line that goes on: neither of the two is there.
                if escaped != "\n" { word = (word ?? .init()) + [escaped] }
            default: word = (word ?? .init()) + [scalar]
            }
        }
        if let word { words.append(String(word)) }
        return words
    }

    private typealias Rest = Substring.UnicodeScalarView

    private static func singleQuoted(_ rest: inout Rest) throws(Unterminated) -> [Unicode.Scalar] {
        var quoted: [Unicode.Scalar] = []
        while let scalar = rest.popFirst() {
            if scalar == "'" { return quoted }
            quoted.append(scalar)
        }
        throw Unterminated(what: "single-quoted string")
    }

    private static func doubleQuoted(_ rest: inout Rest) throws(Unterminated) -> [Unicode.Scalar] {
        var quoted: [Unicode.Scalar] = []
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\"": return quoted
            case "\\":
                guard let escaped = rest.popFirst() else { throw Unterminated(what: "double-quoted string") }
                switch escaped {
                case "\"", "\\", "$", "`": quoted.append(escaped)
                case "\n": break
                default: quoted += [scalar, escaped]
                }
            default: quoted.append(scalar)
            }
        }
        throw Unterminated(what: "double-quoted string")
    }
}
