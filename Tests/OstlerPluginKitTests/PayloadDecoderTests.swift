import OstlerJSON
import Testing

@testable import OstlerPluginKit

@Suite struct PayloadDecoderTests {
    private struct Point: Decodable, Equatable {
        let x: Int
        let y: Double
    }

    private enum Colour: String, Decodable {
        case red
        case blue
    }

    private struct Drawing: Decodable, Equatable {
        let name: String
        let points: [Point]
        let colour: Colour?
        let isFilled: Bool?
        let tags: [String: [UInt8]]?
    }

    private func decode<T: Decodable>(_ type: T.Type, _ json: String) throws -> T {
        try PayloadDecoder.decode(type, from: Array(json.utf8), at: JSONPointer("/payload"))
    }

    private func refusal<T: Decodable>(_ type: T.Type, _ json: String) -> TaskFailed? {
        do {
            _ = try decode(type, json)
            return nil
        } catch {
            return error as? TaskFailed
        }
    }

    @Test func `a payload becomes a type of any depth`() throws {
        let json = """
            {"name": "Zoë", "points": [{"x": 1, "y": 2}, {"x": -9223372036854775808, "y": 1.5e3}], "colour": "blue",
             "isFilled": null, "tags": {"a": [0, 255], "b": []}}
            """
        let points = [Point(x: 1, y: 2), Point(x: .min, y: 1500)]
        let drawing = Drawing(
            name: "Zoë",
            points: points,
            colour: .blue,
            isFilled: nil,
            tags: ["a": [0, 255], "b": []]
        )
        #expect(try decode(Drawing.self, json) == drawing)
    }

    @Test func `a payload of any form is taken as it is`() throws {
        #expect(try decode(JSONValue.self, #"{"a": [1, null]}"#) == ["a": [1, .null]])
        #expect(try decode([String: JSONValue].self, #"{"a": {"b": true}}"#) == ["a": ["b": true]])
        #expect(try decode(Int.self, "7") == 7)
    }

    @Test(
        arguments: [
            (#"{"points": []}"#, "/payload", "\"name\" is missing"),
            (#"{"name": 7, "points": []}"#, "/payload/name", "expected a string, found number"),
            (#"{"name": "", "points": {}}"#, "/payload/points", "expected an array, found object"),
            (#"{"name": "", "points": [{"x": 1, "y": 0}, {"x": 1.5, "y": 0}]}"#, "/payload/points/1/x", "not a whole"),
            (#"{"name": "", "points": [], "tags": {"a/b": [256]}}"#, "/payload/tags/a~1b/0", "from 0 to 255"),
            (#"{"name": "", "points": [], "isFilled": "no"}"#, "/payload/isFilled", "expected a boolean"),
            (#"{"name": "", "points": [], "colour": "green"}"#, "/payload/colour", "green"),
            (#"{"name": "", "points": [],}"#, "/payload", "at byte"),
        ]
    )
    func `what a type refuses is told with its place`(json: String, pointer: String, reason: String) throws {
        let failed = try #require(refusal(Drawing.self, json))
        #expect(failed.pointer == pointer)
        #expect(failed.code == "invalid_payload")
        #expect(failed.fault == .user)
        #expect(failed.message.contains(reason), "\(failed.message)")
    }

    @Test(arguments: ["128", "-129", "1e300", "0.5"])
    func `a number that does not fit is not cut to size`(number: String) {
        #expect(refusal(Int8.self, number) != nil)
    }
}
