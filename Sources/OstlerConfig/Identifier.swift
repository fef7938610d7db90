/// The names of plugins, executors and the like.
package enum Identifier {
    package static let rule = "a name is a lower-case letter and up to 63 lower-case letters, digits, _ or -"

    package static func isValid(_ text: String) -> Bool {
        let bytes = text.utf8
        guard let first = bytes.first, bytes.count <= 64, (0x61...0x7A).contains(first) else { return false }
        return bytes.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x5F || byte == 0x2D
        }
    }
}
