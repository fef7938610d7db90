import OstlerJSON
import OstlerSchema
import Testing

@Suite
struct NumberRulesTests {
    @Test(arguments: [
        ("2", "10", true), ("2", "7", false), ("2", "-4", true), ("2", "0", true), ("2", "0.0", true),
        ("2", "4.0", true),
        ("2", "1e1", true), ("1.5", "4.5", true), ("1.5", "35", false), ("0.01", "0.07", true), ("0.01", "1.13", true),
        ("0.01", "4.35", true), ("0.01", "19.99", true), ("0.01", "0.075", false), ("0.0001", "0.0075", true),
        ("0.0001", "0.00751", false), ("1e-8", "12391239123", true), ("0.123456789", "1e308", false),
        ("1e300", "1e308", true), ("3", "1e308", false), ("7", "9223372036854775807", true),
        ("7", "9223372036854775806", false), ("9223372036854775807", "9223372036854775807", true),
        ("3", "111111111111111111111111111111", true), ("3", "111111111111111111111111111112", false),
        ("1e2", "1200", true), ("1e2", "1250", false), ("0.3", "0.9", true), ("1", "5e-324", false),
        ("0.5", "1.5e0", true),
    ])
    func `multiples are exact`(_ divisor: String, _ value: String, _ isValid: Bool) throws {
        #expect(try problems(#"{"multipleOf":\#(divisor)}"#, value).isEmpty == isValid)
    }

    @Test(arguments: [
        ("2", "2"), ("0.01", "0.01"), ("1.5", "1.5"), ("1e3", "1000"), ("120", "120"), ("1e9", "1e9"), ("1e-8", "1e-8"),
        ("123.456", "123.456"), ("0.000001", "0.000001"), ("10.01", "10.01"),
    ])
    func `a divisor is written as a person would`(_ divisor: String, _ expected: String) throws {
        let found = try problems(#"{"multipleOf":\#(divisor)}"#, "0.00000000007")
        #expect(found.first?.message.hasPrefix("expected a multiple of \(expected), ") == true)
    }

    @Test(arguments: [
        ("1", "1.0", true), ("9007199254740993", "9007199254740992", false),
        ("9007199254740993", "9007199254740993", true),
        ("9007199254740992.0", "9007199254740993", true), ("9007199254740993", "9007199254740992.0", false),
        ("9223372036854775807", "9223372036854775806", false), ("-1.5", "-2", false), ("-1.5", "-1", true),
        ("1.5", "1", false), ("1.5", "2", true), ("1e300", "9223372036854775807", false),
        ("-1e300", "-9223372036854775808", true), ("-9223372036854775808", "-9223372036854775809", false),
        ("0", "-0.0", true), ("0", "-0", true), ("0", "-1e-300", false),
        ("18446744073709551615", "18446744073709551614", false), ("18446744073709551615", "18446744073709551616", true),
        ("9223372036854775808", "9223372036854775807", false), ("9223372036854775807", "9223372036854775808", true),
        ("9223372036854775808.0", "9223372036854775808", true), ("9223372036854775809", "9223372036854775808.0", false),
        ("18446744073709551616.0", "18446744073709551615", false), ("-1.0", "18446744073709551615", true),
    ])
    func `a lower bound is exact`(_ minimum: String, _ value: String, _ isValid: Bool) throws {
        #expect(try problems(#"{"minimum":\#(minimum)}"#, value).isEmpty == isValid)
    }

    @Test(arguments: [
        ("1", true), ("1.0", true), ("1.5", false), ("-0.0", true), ("1e3", true), ("1e308", true), ("1e-1", false),
        ("123456789012345678901234567890", true), ("\"1\"", false), ("true", false), ("null", false),
    ])
    func `an integer is a number without a fraction`(_ value: String, _ isValid: Bool) throws {
        #expect(try problems(#"{"type":"integer"}"#, value).isEmpty == isValid)
    }

    @Test(arguments: [
        (#"{"const":1}"#, "1.0", true), (#"{"const":1.0}"#, "1", true), (#"{"const":1}"#, "true", false),
        (#"{"const":0}"#, "false", false), (#"{"const":0}"#, "-0", true), (#"{"enum":[2,1e2]}"#, "100", true),
        (#"{"const":{"a":[1]}}"#, #"{"a":[1.0]}"#, true), (#"{"const":"é"}"#, #""\u00e9""#, true),
        ("{\"const\":\"\u{E9}\"}", "\"e\u{301}\"", false), (#"{"enum":[[],{}]}"#, "[]", true),
        (#"{"enum":[[],{}]}"#, "[1]", false), (#"{"const":null}"#, "null", true), (#"{"const":false}"#, "null", false),
        (#"{"enum":[]}"#, "1", false),
    ])
    func `values are equal by what they mean`(_ schema: String, _ value: String, _ isValid: Bool) throws {
        #expect(try problems(schema, value).isEmpty == isValid)
    }

    @Test(arguments: [
        ("[1,1.0]", false), ("[1,true]", true), ("[0,false]", true), (#"["a","\u0061"]"#, false), ("[[1],[1]]", false),
        ("[[1,2],[2,1]]", true), (#"[{"a":1,"b":2},{"b":2,"a":1}]"#, false), (#"[{"a":1},{"a":2}]"#, true),
        ("[null,null]", false), ("[null,false,0,\"\",[],{}]", true), ("[9007199254740993,9007199254740992]", true),
        ("[[[]],[[[]]]]", true), ("[-0,0]", false), ("[\"\u{E9}\",\"e\u{301}\"]", true),
        (#"[{"x":{"y":[1]}},{"x":{"y":[1.0]}}]"#, false),
    ])
    func `items are unique by what they mean`(_ payload: String, _ isValid: Bool) throws {
        #expect(try problems(#"{"uniqueItems":true}"#, payload).isEmpty == isValid)
    }

    @Test
    func `a large array is checked for repetitions without delay`() throws {
        let items = (0..<50_000).map { "\($0)" }
        #expect(try problems(#"{"uniqueItems":true}"#, "[" + items.joined(separator: ",") + "]").isEmpty)
        let found = try problems(#"{"uniqueItems":true}"#, "[" + items.joined(separator: ",") + ",77]")
        #expect(found.map(\.pointer.description) == ["/50000"])
    }
}
