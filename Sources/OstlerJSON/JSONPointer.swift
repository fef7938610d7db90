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
}
