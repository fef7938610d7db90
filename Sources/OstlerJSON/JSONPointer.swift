/// A place in a document as RFC 6901 writes it: `/payload/args/0`; empty for the whole.
public struct JSONPointer: Sendable, Equatable, CustomStringConvertible {
    public let description: String

    public static let root = JSONPointer("")

    /// Takes text that is a pointer already.
    public init(_ text: String) {
        description = text
    }

    /// The pointer to a member of the object here.
    public func member(_ key: String) -> JSONPointer {
        JSONPointer(description + "/" + Self.escape(key))
    }

    /// The pointer to an element of the array here.
    public func element(_ index: Int) -> JSONPointer {
        JSONPointer("\(description)/\(index)")
    }

    /// `~` and `/` in a key have escapes of their own (RFC 6901, section 3).
    public static func escape(_ key: String) -> String {
        guard key.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else { return key }
        var escaped = ""
        for character in key.unicodeScalars {
            switch character {
            case "~": escaped += "~0"
            case "/": escaped += "~1"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }

    /// Undoes ``escape(_:)``.
    public static func unescape(_ token: String) -> String {
        guard token.utf8.contains(UInt8(ascii: "~")) else { return token }
        var text = ""
        var isEscaped = false
        for scalar in token.unicodeScalars {
            if isEscaped {
                text += scalar == "1" ? "/" : "~"
                isEscaped = false
            } else if scalar == "~" {
                isEscaped = true
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    /// The place as a sentence names it: `env.PATH`, `0.file.0."/etc/app.conf".mode`. A key that would not be told from its
    /// neighbours stands in quotes.
    public var dotted: String {
        let keys = description.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map {
            let key = Self.unescape(String($0))
            return Self.isWord(key) ? key : Quotation.text(key, longest: 60)
        }
        return Quotation.bare(keys.joined(separator: "."), longest: 120)
    }

    private static func isWord(_ key: String) -> Bool {
        !key.isEmpty
            && key.unicodeScalars.allSatisfy {
                !$0.properties.isWhitespace && !["/", ".", "\"", "\\"].contains($0) && !Quotation.isObeyed($0)
            }
    }
}
