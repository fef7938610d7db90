/// A URI reference, taken apart as RFC 3986 section 3 has it and resolved as section 5.2 has it.
struct SchemaURI: Equatable {
    var scheme: String?
    var authority: String?
    var path: String
    var query: String?
    var fragment: String?

    init(_ text: String) {
        var rest = text[...]
        fragment = Self.cut(&rest, behind: UInt8(ascii: "#"))
        query = Self.cut(&rest, behind: UInt8(ascii: "?"))
        if let colon = rest.utf8.firstIndex(of: UInt8(ascii: ":")), Self.isScheme(rest[..<colon]) {
            scheme = String(rest[..<colon])
            rest = rest[rest.utf8.index(after: colon)...]
        }
        if rest.utf8.starts(with: "//".utf8) {
            rest = rest.dropFirst(2)
            let slash = rest.utf8.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
            authority = String(rest[..<slash])
            rest = rest[slash...]
        }
        path = String(rest)
    }

    /// Splits off what stands behind the first `mark`.
    private static func cut(_ rest: inout Substring, behind mark: UInt8) -> String? {
        guard let position = rest.utf8.firstIndex(of: mark) else { return nil }
        defer { rest = rest[..<position] }
        return String(rest[rest.utf8.index(after: position)...])
    }

    private static func isScheme(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, isLetter(first) else { return false }
        return text.utf8.allSatisfy {
            isLetter($0) || (0x30...0x39).contains($0) || $0 == 0x2B || $0 == 0x2D || $0 == 0x2E
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte | 0x20)
    }

    /// The target of this reference as seen from `base`.
    func resolved(against base: SchemaURI) -> SchemaURI {
        if scheme != nil { return normalised() }
        var target = self
        target.scheme = base.scheme
        if authority != nil { return target.normalised() }
        target.authority = base.authority
        if path.isEmpty {
            target.path = base.path
            target.query = query ?? base.query
            return target
        }
        if !path.utf8.starts(with: "/".utf8) {
            let directory = base.path.utf8.lastIndex(of: UInt8(ascii: "/")).map { base.path[...$0] } ?? ""
            target.path = directory + path
            if base.authority != nil, base.path.isEmpty { target.path = "/" + path }
        }
        return target.normalised()
    }

    /// Without `.` and `..` in the path (section 5.2.4).
    private func normalised() -> SchemaURI {
        guard path.utf8.contains(UInt8(ascii: ".")), path.utf8.contains(UInt8(ascii: "/")) else { return self }
        var kept: [Substring] = []
        let segments = path.split(separator: "/", omittingEmptySubsequences: false)
        for (position, segment) in segments.enumerated() {
            let isLast = position == segments.count - 1
            switch segment {
            case ".": if isLast { kept.append("") }
            case "..":
                if kept.count > 1 || kept.first.map({ !$0.isEmpty }) == true { kept.removeLast() }
                if isLast { kept.append("") }
            default: kept.append(segment)
            }
        }
        var copy = self
        copy.path = kept.joined(separator: "/")
        return copy
    }

    /// The text of everything but the fragment.
    var document: String {
        var text = scheme.map { $0 + ":" } ?? ""
        text += authority.map { "//" + $0 } ?? ""
        text += path
        text += query.map { "?" + $0 } ?? ""
        return text
    }

    /// A fragment with its percent escapes resolved; nil if they do not make UTF-8.
    static func decoded(_ text: String) -> String? {
        var bytes: [UInt8] = []
        var input = text.utf8[...]
        while let byte = input.popFirst() {
            if byte == UInt8(ascii: "%"), let high = input.first, let low = input.dropFirst().first,
                let value = UInt8(String(decoding: [high, low], as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                input = input.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
