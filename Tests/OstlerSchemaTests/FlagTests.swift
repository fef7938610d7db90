import OstlerJSON
import OstlerSchema
import Testing

@Suite
struct FlagTests {
    private static let schema = #"""
        {"type":"object","required":["command"],"properties":{
          "command":{"type":"string","description":"The program to run"},
          "args":{"type":"array","items":{"type":"string"}},
          "timeout":{"$ref":"#/$defs/seconds","description":"Seconds","default":30},
          "ratio":{"type":["number","null"]},
          "whole":{"type":["integer","number"]},
          "shell":{"type":"boolean","default":false},
          "env":{"type":"object","additionalProperties":{"type":"string"}},
          "labels":{"type":"object","patternProperties":{"^[a-z]":{"type":"string"}}},
          "mode":{"enum":["minimal","inherit"],"default":"minimal"},
          "limits":{"type":"object","properties":{"memory":{"type":"string"}}},
          "matrix":{"type":"array","items":{"type":"array"}},
          "modes":{"type":"array","items":{"$ref":"#/$defs/mode"}},
          "anything":{},
          "removed":false},
         "$defs":{"seconds":{"type":"integer","minimum":0,"description":"unused"},"mode":{"enum":["r","w"]}}}
        """#

    @Test
    func `each top-level member becomes a flag of its type`() throws {
        let flags = try compile(Self.schema).flags
        #expect(
            flags.map { "\($0.name):\($0.type.rawValue)" } == [
                "command:string", "args:strings", "timeout:integer", "ratio:number", "whole:number", "shell:boolean",
                "env:string_map", "labels:string_map", "mode:string", "limits:other", "matrix:other", "modes:strings",
                "anything:other",
            ]
        )
    }

    @Test
    func `a flag knows its text, its values and its default`() throws {
        let flags = try compile(Self.schema).flags
        let named = Dictionary(uniqueKeysWithValues: flags.map { ($0.name, $0) })
        #expect(flags.filter(\.isRequired).map(\.name) == ["command"])
        #expect(named["command"]?.description == "The program to run")
        #expect(named["args"]?.description == nil)
        #expect(named["timeout"]?.description == "Seconds")
        #expect(named["timeout"]?.defaultValue == 30)
        #expect(named["shell"]?.defaultValue == false)
        #expect(named["mode"]?.values == ["minimal", "inherit"])
        #expect(named["mode"]?.defaultValue == "minimal")
        #expect(named["command"]?.defaultValue == nil)
        #expect(named["command"]?.values == [])
    }

    @Test
    func `references and allOf at the top are followed`() throws {
        let flags = try compile(
            #"""
            {"$ref":"#/$defs/base","properties":{"own":{"type":"string"}},
             "allOf":[{"properties":{"more":{"type":"integer"},"own":{"type":"boolean"}},"required":["base"]}],
             "$defs":{"base":{"properties":{"base":{"type":"number"}}}}}
            """#
        ).flags
        #expect(
            flags.map { "\($0.name):\($0.type.rawValue):\($0.isRequired)" }
                == ["own:string:false", "base:number:true", "more:integer:false"]
        )
    }

    @Test(arguments: ["true", "false", "{}", #"{"type":"string"}"#, #"{"required":["a"]}"#])
    func `a schema without named members has no flags`(_ schema: String) throws {
        #expect(try compile(schema).flags.isEmpty)
    }
}
