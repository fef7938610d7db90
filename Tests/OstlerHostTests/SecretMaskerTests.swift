import OstlerProtocol
import OstlerTestSupport
import Testing

@testable import OstlerHost

private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

@Suite struct SecretMaskerTests {
    private static let password = SecretValue(name: "db", bytes: Array("correct horse".utf8))
    private let mask = SecretMask([SecretMaskerTests.password])

    private func masked(_ input: String) -> String { mask.masked(input) }

    @Test func `a secret is replaced by its name, and all else stays`() {
        #expect(masked("user=x password=correct horse;") == "user=x password=[secret db];")
        #expect(masked("correct horsecorrect horse") == "[secret db][secret db]")
        #expect(masked("correct hors") == "correct hors")
        #expect(masked("") == "")
    }

    @Test func `line breaks at the end of a source belong to no secret`() {
        let mask = SecretMask([SecretValue(name: "db", bytes: Array("correct horse\r\n".utf8))])
        #expect(mask.masked("<correct horse>") == "<[secret db]>")
        #expect(mask.masked("correct horse\n") == "[secret db]\n")
    }

    @Test(arguments: 0..<6)
    func `base64 is seen wherever the secret begins in what was encoded`(_ before: Int) {
        for after in 0..<4 {
            let bytes =
                [UInt8](repeating: 0x7E, count: before) + Self.password.bytes + [UInt8](repeating: 0x7E, count: after)
            let shown = masked(Base64.encode(bytes))
            #expect(shown.contains("[secret db]"), "\(shown)")
            // What is left is decided by its neighbours, but for some bits.
            let rest = shown.replacing("[secret db]", with: "").filter { $0 != "=" }.count
            #expect(rest <= (before * 8 + 5) / 6 + (after * 8 + 5) / 6 + 1, "\(shown)")
        }
    }

    @Test func `base64 may be wrapped, and of either alphabet`() {
        let secret = SecretValue(name: "k", bytes: (0..<100).map { UInt8($0 * 37 & 0xFF | 0xC0) })
        let mask = SecretMask([secret])
        let standard = Base64.encode(secret.bytes)
        #expect(standard.contains("+") || standard.contains("/"))
        let url = standard.replacing("+", with: "-").replacing("/", with: "_").filter { $0 != "=" }
        #expect(mask.masked(url) == "[secret k]")
        for ending in ["\n", "\r\n"] {
            var wrapped = standard
            wrapped.insert(contentsOf: ending, at: wrapped.index(wrapped.startIndex, offsetBy: 76))
            #expect(mask.masked(wrapped + ending) == "[secret k]" + ending)
        }
    }

    @Test func `a secret that needs escapes is seen in JSON`() {
        let mask = SecretMask([SecretValue(name: "q", bytes: Array("a\"b\\c\nd\te\u{1}".utf8))])
        #expect(mask.masked(#"{"p":"a\"b\\c\nd\te\u0001"}"#) == #"{"p":"[secret q]"}"#)
    }

    @Test func `of a secret with several lines, long ones are seen by themselves`() {
        let key = "-----BEGIN KEY-----\nAbCdEfGhIjKlMnOp\nshort\n-----END KEY-----\n"
        let mask = SecretMask([SecretValue(name: "key", bytes: Array(key.utf8))])
        #expect(mask.masked(key) == "[secret key]\n")
        #expect(mask.masked("> AbCdEfGhIjKlMnOp short") == "> [secret key] short")
    }

    @Test func `secrets that overlap leave nothing of either`() {
        let mask = SecretMask([
            SecretValue(name: "one", bytes: Array("abcdef".utf8)),
            SecretValue(name: "two", bytes: Array("defghi".utf8)),
            SecretValue(name: "long", bytes: Array("abcdefgh".utf8)),
        ])
        #expect(mask.masked("xabcdefghiy") == "x[secret long]y")
        #expect(mask.masked("abcdefg") == "[secret one]g")
    }

    @Test func `only what may become a secret is held back`() {
        var masker = mask.stream()
        #expect(text(masker.mask(Array("ask correct ".utf8))) == "ask ")
        #expect(text(masker.mask(Array("answer".utf8))) == "correct answer")
        #expect(text(masker.mask(Array("no secret at all\n".utf8))) == "no secret at all\n")
        #expect(text(masker.mask(Array("correct hor".utf8))) == "")
        #expect(text(masker.mask(Array("se".utf8))) == "[secret db]")
        #expect(text(masker.mask(Array("corr".utf8))) == "")
        #expect(text(masker.finish()) == "corr")
        #expect(masker.replaced == 1)
    }

    @Test func `an endless secret takes no memory`() {
        let mask = SecretMask([SecretValue(name: "a", bytes: Array("aaaa".utf8))])
        var masker = mask.stream()
        var told = 0
        for _ in 0..<200 { told += masker.mask([UInt8](repeating: 0x61, count: 65536)).count }
        #expect(told == "[secret a]".utf8.count)
        #expect(masker.heldBytes < 16)
        #expect(masker.finish().isEmpty)
    }

    @Test func `a value does not describe itself`() {
        #expect("\(Self.password)" == "[secret db]")
    }
}

/// The rules of masking, against a plain reading of them.
@Suite struct SecretMaskerProperties {
    /// What there is to find, one pattern at a time, over the whole of a text.
    private static func reference(_ secrets: [SecretValue], _ input: [UInt8]) -> [UInt8] {
        var found: [(start: Int, end: Int, name: String)] = []
        let letters = input.indices.filter { input[$0] != 0x0A && input[$0] != 0x0D }
        for secret in secrets {
            for pattern in SecretPatterns.plain(secret.core) where pattern.count <= input.count {
                for start in 0...(input.count - pattern.count)
                where input[start..<(start + pattern.count)].elementsEqual(pattern) {
                    found.append((start, start + pattern.count, secret.name))
                }
            }
            let encodings = SecretPatterns.encodings(of: secret.bytes) + SecretPatterns.encodings(of: secret.core)
            for pattern in encodings where pattern.count <= letters.count {
                for start in 0...(letters.count - pattern.count) {
                    let places = letters[start..<(start + pattern.count)]
                    guard zip(places, places.dropFirst()).allSatisfy({ $1 - $0 <= 3 }) else { continue }
                    guard places.map({ SecretPatterns.standard(input[$0]) }) == pattern else { continue }
                    found.append((letters[start], letters[start + pattern.count - 1] + 1, secret.name))
                }
            }
        }
        return replaced(found.sorted { ($0.start, -$0.end) < ($1.start, -$1.end) }, input)
    }

    private static func replaced(_ found: [(start: Int, end: Int, name: String)], _ input: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        var done = 0
        var index = 0
        while index < found.count {
            var region = found[index]
            index += 1
            while index < found.count, found[index].start < region.end {
                region.end = max(region.end, found[index].end)
                index += 1
            }
            out += input[done..<region.start] + Array("[secret \(region.name)]".utf8)
            done = region.end
        }
        return out + input[done...]
    }

    private static func whole(_ patterns: SecretPatterns, _ input: [UInt8]) -> [UInt8] {
        var masker = SecretMasker(patterns)
        let first = masker.mask(input)
        return first + masker.finish()
    }

    /// Few letters, so that secrets overlap, begin and break off all the time.
    @Test(arguments: 0..<8)
    func `every way to cut a text gives what the rules give for the whole`(_ seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let alphabet = Array((seed % 2 == 0 ? "ab\n" : "abcYWJjQ=\n\"\\").utf8)
        func some(_ count: ClosedRange<Int>) -> [UInt8] {
            random.bytes(Int.random(in: count, using: &random), of: alphabet)
        }
        for _ in 0..<60 {
            let secrets = (0..<Int.random(in: 1...3, using: &random)).map {
                SecretValue(name: "s\($0)", bytes: some(4...9))
            }
            .filter { $0.core.count >= SecretValue.minimumBytes }
            let patterns = SecretPatterns(secrets)
            var input = some(0...30)
            for secret in secrets {
                var hidden = Array(Base64.encode(some(0...5) + secret.bytes + some(0...3)).utf8)
                for place in stride(from: 7, to: hidden.count, by: 9).reversed() { hidden.insert(0x0A, at: place) }
                input += secret.bytes + some(0...6) + hidden + some(0...6) + secret.core
            }
            let expected = Self.reference(secrets, input)
            #expect(
                Self.whole(patterns, input) == expected,
                "\(secrets.map { text($0.bytes) }) \(text(input).debugDescription)"
            )
            for cut in 0...input.count {
                var masker = SecretMasker(patterns)
                let told = masker.mask(Array(input[..<cut])) + masker.mask(Array(input[cut...])) + masker.finish()
                #expect(told == expected, "cut at \(cut): \(text(input).debugDescription)")
            }
            var masker = SecretMasker(patterns)
            let bytewise = input.flatMap { masker.mask([$0]) } + masker.finish()
            #expect(bytewise == expected)
        }
    }

    @Test(arguments: 0..<4)
    func `no secret is ever told, in plain or in base64`(_ seed: Int) {
        var random = SeededGenerator(seed: UInt64(100 + seed))
        for _ in 0..<40 {
            let secret = SecretValue(name: "db", bytes: random.bytes(Int.random(in: 8...90, using: &random)))
            guard secret.core.count >= 8 else { continue }
            let patterns = SecretPatterns([secret])
            let encoded = Base64.encode(random.bytes(seed) + secret.bytes + random.bytes(7))
            let input = random.bytes(50) + secret.bytes + random.bytes(50) + Array(encoded.utf8) + random.bytes(5)
            var masker = SecretMasker(patterns)
            var told: [UInt8] = []
            for piece in random.chunks(input, longest: 9) { told += masker.mask(Array(piece)) }
            told += masker.finish()
            for pattern in SecretPatterns.plain(secret.core) + SecretPatterns.encodings(of: secret.core) {
                #expect(!holds(told, pattern))
            }
            #expect(masker.replaced == 2)
        }
    }

    private func holds(_ bytes: [UInt8], _ pattern: [UInt8]) -> Bool {
        guard pattern.count <= bytes.count else { return false }
        return (0...(bytes.count - pattern.count)).contains {
            bytes[$0..<($0 + pattern.count)].elementsEqual(pattern)
        }
    }
}
