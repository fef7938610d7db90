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
        var word = String.UnicodeScalarView()
        // A pair of quotes with nothing in it is a word, too.
        var hasWord = false
        var rest = line.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case " ", "\t", "\n", "\r":
                if hasWord { words.append(String(word)) }
                (word, hasWord) = (.init(), false)
                continue
            case "'": try singleQuoted(&rest, into: &word)
            case "\"": try doubleQuoted(&rest, into: &word)
            case "\\":
                guard let escaped = rest.popFirst() else { throw Unterminated(what: "escape") }
                // A line that goes on: neither of the two is there.
                guard escaped != "\n" else { continue }
                word.append(escaped)
            default: word.append(scalar)
            }
            hasWord = true
        }
        if hasWord { words.append(String(word)) }
        return words
    }

    private typealias Rest = Substring.UnicodeScalarView

    private static func singleQuoted(
        _ rest: inout Rest,
        into word: inout String.UnicodeScalarView
    ) throws(Unterminated) {
        while let scalar = rest.popFirst() {
            if scalar == "'" { return }
            word.append(scalar)
        }
        throw Unterminated(what: "single-quoted string")
    }

    private static func doubleQuoted(
        _ rest: inout Rest,
        into word: inout String.UnicodeScalarView
    ) throws(Unterminated) {
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\"": return
            case "\\":
                guard let escaped = rest.popFirst() else { throw Unterminated(what: "double-quoted string") }
                switch escaped {
                case "\"", "\\", "$", "`": word.append(escaped)
                case "\n": break
                default: word += [scalar, escaped]
                }
            default: word.append(scalar)
            }
        }
        throw Unterminated(what: "double-quoted string")
    }
}
