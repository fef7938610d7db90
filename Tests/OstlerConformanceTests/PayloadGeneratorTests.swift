import OstlerJSON
import OstlerSchema
import Testing

@testable import OstlerConformance

/// Payloads by a schema: valid, different, and the same each time.
@Suite struct PayloadGeneratorTests {
    @Test(arguments: [
        #"{"type":"object","required":["a"],"properties":{"a":{"type":"string","minLength":2},"b":{"type":"integer"}}}"#,
        #"{"type":"array","minItems":2,"items":{"type":"number","minimum":0.5,"maximum":9,"multipleOf":0.25}}"#,
        #"{"oneOf":[{"type":"string"},{"type":"object","required":["x"],"properties":{"x":{"const":7}}}]}"#,
        ##"{"$ref":"#/$defs/pair","$defs":{"pair":{"type":"array","items":{"enum":["a",1,null]},"minItems":1}}}"##,
        #"{"allOf":[{"properties":{"a":{"type":"boolean"}}},{"properties":{"b":{"type":"string"}},"required":["b"]}]}"#,
        #"{"type":"integer","exclusiveMinimum":3,"exclusiveMaximum":40,"multipleOf":3}"#,
    ])
    func `each is valid and no two are alike`(schema: String) throws {
        let source = try JSONValue(parsing: schema)
        let compiled = try CompiledSchema(compiling: source)
        var generator = PayloadGenerator(source, seed: 7)
        let payloads = generator.payloads(6, validBy: compiled)
        #expect(payloads.count >= 4, "\(payloads.map(\.text))")
        for (index, payload) in payloads.enumerated() {
            #expect(compiled.validate(Array(payload.text.utf8)).isEmpty, "\(payload.text)")
            #expect(!payloads[..<index].contains(payload))
        }
        var again = PayloadGenerator(source, seed: 7)
        #expect(again.payloads(6, validBy: compiled) == payloads)
    }

    @Test func `a schema that is hard to guess gives fewer payloads, none of them invalid`() throws {
        let source = try JSONValue(parsing: #"{"type":"string","pattern":"^[0-9]{17}$"}"#)
        var generator = PayloadGenerator(source, seed: 7)
        #expect(generator.payloads(6, validBy: try CompiledSchema(compiling: source)).isEmpty)
    }

    @Test func `a schema that refers to itself comes to an end`() throws {
        let text =
            ##"{"type":"object","properties":{"next":{"$ref":"#/$defs/node"}},"$defs":{"node":{"anyOf":[{"type":"null"},{"##
            + ##""type":"array","items":{"$ref":"#/$defs/node"},"minItems":1}]}}}"##
        let source = try JSONValue(parsing: text)
        var generator = PayloadGenerator(source, seed: 7)
        #expect(!generator.payloads(6, validBy: try CompiledSchema(compiling: source)).isEmpty)
    }
}
