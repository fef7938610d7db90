internal import Glibc
internal import OstlerTestSupport

extension BadInputCase {

    private static func greet(_ executor: String = "{name: greet, payload: {type: object}}", more: String = "")
        -> String
    {
        "name: greet\nversion: 0.1.0\nprotocol: {min: 0, max: 0}\nkind: process\nentry: {command: [bin/greet]}\n"
            + "executors:\n  - \(executor)\n\(more)"
    }

    static let manifests: [BadInputCase] = [
        .manifest("not YAML", "name: [greet\n", says: "plugin.yaml:2:1: "),
        .manifest(
            "an unknown key",
            greet(more: "verison: 1\n"),
            says: "plugin.yaml:8:1: ",
            "did you mean \"version\"?"
        ),
        .manifest("nothing", "", says: "plugin.yaml:1:1: ", "must be a mapping"),
        .manifest("a missing key", "name: greet\n", says: "the key \"version\" is missing"),
        .manifest(
            "another kind",
            greet(more: "").replacing("process", with: "library"),
            says: "the key \"library\" is missing"
        ),
        .manifest("a program outside", greet().replacing("bin/greet", with: "../greet"), says: "plugin.yaml:5:"),
        .manifest(
            "a program that is not there",
            greet().replacing("bin/greet", with: "bin/gret"),
            says: "bin/gret does not exist"
        ),
        .manifest("a bomb of aliases", bomb, says: "anchors and aliases are not supported"),
        .manifest(
            "an executor twice",
            greet("{name: a, payload: {}}\n  - {name: a, payload: {}}"),
            says: "described twice"
        ),
        .manifest(
            "a schema that is wrong",
            greet("{name: greet, payload: {type: objekt}}"),
            says: "[invalid_schema]",
            "\"objekt\" is not a type",
            "did you mean \"object\"?"
        ),
        .manifest(
            "a schema that refers to itself",
            greet("{name: greet, payload: {$ref: \"#\"}}"),
            says: "[invalid_schema]",
            "refers to itself without end"
        ),
        .manifest(
            "a pattern that is wrong",
            greet("{name: greet, payload: {pattern: \"(\"}}"),
            says: "[invalid_schema]",
            "without its"
        ),
        .manifest(
            "a schema in a file that is no JSON",
            greet("{name: greet, payload: {file: s.json}}"),
            files: ["s.json": "{\n  \"type\": object\n}\n"],
            says: "s.json:2:11 is not JSON"
        ),
        .manifest(
            "a schema in a file outside",
            greet("{name: greet, payload: {file: /etc/passwd}}"),
            says: "must stay in"
        ),
        .manifest(
            "a schema in a file that is not there",
            greet("{name: greet, payload: {file: s.json}}"),
            says: "s.json does not exist"
        ),
    ]
}
