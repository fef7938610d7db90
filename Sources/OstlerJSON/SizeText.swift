/// Sizes in bytes as people write them: `512B`, `64KiB`, `1MiB`, `1GiB`, `2TiB`, or a bare number of bytes.
public enum SizeText {
    /// The accepted forms, for messages.
    public static let forms = "512B, 64KiB, 1MiB, 1GiB or a number of bytes"

    private static let units: [(name: String, bytes: Int64)] = [
        ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1),
    ]

    /// Reads a size as bytes.
    public static func bytes(_ text: String) throws(UnitTextError) -> Int64 {
        let digits = text.utf8.prefix { $0 >= 0x30 && $0 <= 0x39 }
        let name = String(text[digits.endIndex...])
        let unit = name.isEmpty ? 1 : units.first { $0.name.utf8.elementsEqual(name.utf8) }?.bytes
        guard !digits.isEmpty, let unit else { throw malformed(text, unit: name) }
        guard let bytes = DurationText.add(0, digits: digits, factor: unit, limit: .max) else {
            throw UnitTextError(
                .tooLarge,
                "the size \(Quotation.text(text)) is too large; the largest is \(Int64.max) bytes"
            )
        }
        return bytes
    }

    /// Writes a size with the largest unit that divides it, `64KiB`; reading gives the same number back.
    public static func text(bytes: Int64) -> String {
        let unit = bytes > 0 ? units.first { bytes % $0.bytes == 0 } : nil
        return unit.map { "\(bytes / $0.bytes)\($0.name)" } ?? "\(max(bytes, 0))B"
    }

    private static func malformed(_ text: String, unit: String) -> UnitTextError {
        let clause = Suggestion.clause(for: unit, in: units.map(\.name).filter { $0.count == 3 })
        return UnitTextError(
            .invalidSize,
            "\(Quotation.text(text)) is not a size; write it as \(forms)\(unit.isEmpty ? "" : clause)"
        )
    }
}
