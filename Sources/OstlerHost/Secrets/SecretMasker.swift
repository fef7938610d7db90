/// Replaces secrets in a stream that comes in pieces. How it is cut does not matter: what comes out in all is the same.
///
/// Every stretch that is covered by secrets becomes one `[secret NAME]`, with the name of the one that begins first (the
/// longest, if several begin there). What may still become a secret is held back, and nothing else. A secret that is part
/// of the text `[secret NAME]` itself is not kept from showing there.
struct SecretMasker: Sendable {
    private struct Region {
        var start: Int
        var end: Int
        var owner: Int
    }

    private let patterns: SecretPatterns
    private var plain: PatternAutomaton.State = 0
    private var encoded: PatternAutomaton.State = 0
    /// Places of the latest characters that may be base64, with line breaks left out.
    private var letters: [Int] = []
    private var breaks = 0
    /// How many bytes have come.
    private var position = 0
    /// The latest bytes, from a place in the stream on.
    private var held: [UInt8] = []
    private var heldStart = 0
    /// What has been found beyond ``maskedEnd`` and is not told yet; in order, apart from each other.
    private var regions: [Region] = []
    /// The end of the latest stretch whose replacement is out; more of it may come.
    private var maskedEnd = 0
    var heldBytes: Int { held.count }
    /// How many stretches were replaced.
    private(set) var replaced = 0
    /// A text in base64 may be wrapped, with CR and LF; more than that ends it.
    private static let longestBreak = 2

    init(_ patterns: SecretPatterns) {
        self.patterns = patterns
    }

    /// Takes a piece; returns what can be told.
    mutating func mask(_ bytes: [UInt8]) -> [UInt8] {
        held += bytes
        patterns.plain.withReader { plain in
            patterns.encoded.withReader { encoded in
                bytes.withUnsafeBufferPointer { read($0, plain, encoded) }
            }
        }
        var out: [UInt8] = []
        out.reserveCapacity(held.count)
        tell(before: undecided, into: &out)
        return out
    }

    /// The stream has ended: returns the rest.
    mutating func finish() -> [UInt8] {
        var out: [UInt8] = []
        (plain, encoded) = (0, 0)
        tell(before: position, into: &out)
        return out
    }

    // MARK: Finding

    private mutating func read(
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ plainReader: PatternAutomaton.Reader,
        _ encodedReader: PatternAutomaton.Reader
    ) {
        let beginnings = patterns.beginnings
        var index = 0
        while index < bytes.count {
            if plain == 0, encoded == 0 {
                let start = index
                while index < bytes.count, !beginnings[Int(bytes[index])] { index += 1 }
                position += index - start
                guard index < bytes.count else { return }
            }
            let byte = bytes[index]
            index += 1
            position += 1
            plain = plainReader.step(from: plain, byte)
            if let match = plainReader.match(plain) { add(position - match.length, match.owner) }
            readEncoded(byte, encodedReader)
        }
    }

    private mutating func readEncoded(_ byte: UInt8, _ reader: PatternAutomaton.Reader) {
        if byte == 0x0A || byte == 0x0D {
            guard encoded != 0 else { return }
            breaks += 1
            if breaks > Self.longestBreak { forgetLetters() }
            return
        }
        breaks = 0
        encoded = reader.step(from: encoded, SecretPatterns.standard(byte))
        guard encoded != 0 else {
            if !letters.isEmpty { letters.removeAll(keepingCapacity: true) }
            return
        }
        letters.append(position - 1)
        let depth = reader.depth(encoded)
        if let match = reader.match(encoded) { add(letters[letters.count - match.length], match.owner) }
        if letters.count > 2 * depth + 64 { letters.removeFirst(letters.count - depth) }
    }

    private mutating func forgetLetters() {
        encoded = 0
        letters.removeAll(keepingCapacity: true)
    }

    /// A secret ends here. What was found before ends no later, so all that it touches becomes part of it.
    private mutating func add(_ start: Int, _ owner: Int) {
        if start < maskedEnd {
            maskedEnd = position
            return regions.removeAll()
        }
        var region = Region(start: start, end: position, owner: owner)
        while let last = regions.last, last.end > region.start {
            if last.start < region.start { (region.start, region.owner) = (last.start, last.owner) }
            regions.removeLast()
        }
        regions.append(region)
    }

    // MARK: Telling

    /// The first byte that may belong to a secret which has not ended yet.
    private var undecided: Int {
        let plainStart = position - patterns.plain.openDepth(plain)
        let depth = patterns.encoded.openDepth(encoded)
        return depth == 0 ? plainStart : min(plainStart, letters[letters.count - depth])
    }

    private mutating func tell(before limit: Int, into out: inout [UInt8]) {
        var told = 0
        // Something longer may still begin where a region does, unless that is before the limit.
        while told < regions.count, regions[told].start < limit {
            let region = regions[told]
            put(to: region.start, into: &out)
            out += Array("[secret \(patterns.names[region.owner])]".utf8)
            replaced += 1
            maskedEnd = region.end
            told += 1
        }
        regions.removeFirst(told)
        put(to: min(limit, regions.first?.start ?? limit), into: &out)
    }

    /// Tells what is held before a place, without what is masked.
    private mutating func put(to end: Int, into out: inout [UInt8]) {
        let start = max(heldStart, min(maskedEnd, position))
        if end > start { out += held[(start - heldStart)..<(end - heldStart)] }
        let done = max(start, end)
        held.removeFirst(done - heldStart)
        heldStart = done
    }
}

/// What is looked for in the words of one task, or of the whole host.
package struct SecretMask: Sendable {
    private let patterns: SecretPatterns

    package init(_ secrets: [SecretValue]) {
        patterns = SecretPatterns(secrets)
    }

    func stream() -> SecretMasker { SecretMasker(patterns) }

    package func masked(_ bytes: [UInt8]) -> [UInt8] {
        var masker = stream()
        let start = masker.mask(bytes)
        return start + masker.finish()
    }

    package func masked(_ text: String) -> String {
        String(decoding: masked(Array(text.utf8)), as: UTF8.self)
    }
}
