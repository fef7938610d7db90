import OstlerJSON
import Testing

@testable import OstlerConfig

/// JSON is YAML: what the one reader says of a text, the other must say too.
@Suite struct YAMLOfJSONTests {
    private static let scalars: [UnicodeScalar] = Array(
        "abcXYZ019 \t\n\r\\\"'{}[]:,#&*!|>%@`?~-<=é€😀\u{7F}\u{1}\u{0}".unicodeScalars
    )

    private func text(_ generator: inout SplitMix) -> String {
        var text = ""
        for _ in 0..<Int.random(in: 0...8, using: &generator) {
            text.unicodeScalars.append(Self.scalars.randomElement(using: &generator) ?? "x")
        }
        return text
    }

    private func value(depth: Int, _ generator: inout SplitMix) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 7 : 5), using: &generator) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &generator))
        case 2: return .number(.int(Int64.random(in: .min ... .max, using: &generator)))
        case 3: return .number(.double(Double.random(in: -1e20...1e20, using: &generator)))
        case 4: return .string(text(&generator))
        case 5:
            let count = Int.random(in: 0...4, using: &generator)
            return .array((0..<count).map { _ in value(depth: depth - 1, &generator) })
        default:
            var object = JSONObject()
            for _ in 0..<Int.random(in: 0...4, using: &generator) {
                object[text(&generator)] = value(depth: depth - 1, &generator)
            }
            return .object(object)
        }
    }

    @Test func `what JSON writes, YAML reads`() throws {
        var generator = SplitMix(state: 7)
        for _ in 0..<2_000 {
            let value = value(depth: 4, &generator)
            let document = try YAMLDocument(parsing: value.text, file: "f.yaml")
            #expect(document.root == value)
            #expect(try JSONValue(parsing: document.root.text) == value)
        }
    }

    @Test func `each value of a document has a place, and the places go forward`() throws {
        var generator = SplitMix(state: 8)
        for _ in 0..<300 {
            let document = try YAMLDocument(parsing: value(depth: 4, &generator).text, file: "f.yaml")
            var last = YAMLPosition(line: 1, column: 1)
            visit(document.root, .root) { pointer in
                guard let position = document.position(of: pointer) else {
                    Issue.record("\(pointer) has no place in \(document.root.text)")
                    return
                }
                #expect(position >= last)
                #expect(document.keyPosition(of: pointer) <= position)
                last = position
            }
        }
    }

    private func visit(_ value: JSONValue, _ pointer: JSONPointer, _ body: (JSONPointer) -> Void) {
        body(pointer)
        for (index, element) in (value.array ?? []).enumerated() { visit(element, pointer.element(index), body) }
        for (key, member) in value.object?.members ?? [] { visit(member, pointer.member(key), body) }
    }
}
