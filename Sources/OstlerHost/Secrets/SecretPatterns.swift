internal import OstlerProtocol

/// How secrets may look in what a task writes: as they are, as JSON, and in base64 at any place within what was encoded.
final class SecretPatterns: Sendable {
    let names: [String]
    let plain: PatternAutomaton
    /// In the standard alphabet; who asks maps the other one to it.
    let encoded: PatternAutomaton
    /// The bytes that may begin something, in either alphabet.
    let beginnings: [Bool]

    /// A line of a secret with several is looked for by itself from this length on.
    private static let lineBytes = 8

    init(_ secrets: [SecretValue]) {
        names = secrets.map(\.name)
        let plain = PatternAutomaton(
            secrets.enumerated().flatMap { owner, secret in
                Self.plain(secret.core).map { (bytes: $0, owner: owner) }
            }
        )
        let encoded = PatternAutomaton(
            secrets.enumerated().flatMap { owner, secret in
                (Self.encodings(of: secret.bytes) + Self.encodings(of: secret.core)).map { (bytes: $0, owner: owner) }
            }
        )
        beginnings = (0...255).map { plain.begins(with: $0) || encoded.begins(with: Self.standard($0)) }
        (self.plain, self.encoded) = (plain, encoded)
    }

    /// The alphabet for URLs differs in two letters.
    static func standard(_ byte: UInt8) -> UInt8 {
        switch byte {
        case UInt8(ascii: "-"): UInt8(ascii: "+")
        case UInt8(ascii: "_"): UInt8(ascii: "/")
        default: byte
        }
    }

    static func plain(_ core: [UInt8]) -> [[UInt8]] {
        let lines = core.split { $0 == 0x0A || $0 == 0x0D }
        let long = lines.count > 1 ? lines.filter { $0.count >= lineBytes }.map(Array.init) : []
        return [core, escaped(core)] + long + long.map(escaped)
    }

    /// As it stands within a string of JSON.
    private static func escaped(_ bytes: [UInt8]) -> [UInt8] {
        bytes.flatMap { byte -> [UInt8] in
            switch byte {
            case 0x22, 0x5C: [0x5C, byte]
            case 0x0A: Array(#"\n"#.utf8)
            case 0x0D: Array(#"\r"#.utf8)
            case 0x09: Array(#"\t"#.utf8)
            case 0..<0x20:
                Array(#"\u00"#.utf8) + [byte >> 4, byte & 15].map { $0 < 10 ? 0x30 + $0 : 0x57 + $0 }
            default: [byte]
            }
        }
    }

    /// What of a base64 text is decided by the secret alone, wherever it begins in a group of three bytes; and the whole
    /// rest of the text for a secret that ends it.
    static func encodings(of bytes: [UInt8]) -> [[UInt8]] {
        (0..<3).flatMap { before -> [[UInt8]] in
            let text = Array(Base64.encode([UInt8](repeating: 0, count: before) + bytes).utf8)
            let start = (before * 8 + 5) / 6
            let decided = (before + bytes.count) * 8 / 6
            guard decided > start else { return [] }
            let unpadded = text.prefix { $0 != UInt8(ascii: "=") }.count
            return Set([decided, unpadded, text.count]).sorted().map { Array(text[start..<$0]) }
        }
    }
}

/// The value of a secret. It describes itself by its name only.
package struct SecretValue: Sendable, CustomStringConvertible {
    package let name: String
    /// As its source gave it.
    package let bytes: [UInt8]

    package init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }

    /// Without the line breaks at its end, which files and programs add and nobody means.
    var core: [UInt8] {
        Array(bytes[..<(bytes.lastIndex { $0 != 0x0A && $0 != 0x0D }.map { $0 + 1 } ?? 0)])
    }

    package var description: String { "[secret \(name)]" }

    /// Less than this would be found everywhere.
    package static let minimumBytes = 4
    package static let maximumBytes = 64 << 10
}
