import Foundation
import OstlerJSON

/// The official test suite, where `scripts/fetch-schema-suite` has put it.
enum OfficialSuite {
    struct Case {
        let file: String
        let group: String
        let name: String
        let schema: JSONValue
        let payload: JSONValue
        let isValid: Bool

        var title: String { "\(file): \(group): \(name)" }
    }

    static let hint = "the suite is missing: run scripts/fetch-schema-suite, or set OSTLER_SCHEMA_SUITE"

    /// Set where a check that cannot be made must count as a failure.
    static let isMandatory = ProcessInfo.processInfo.environment["OSTLER_MUST_ISOLATE"] == "1"

    static let folder: URL = {
        if let path = ProcessInfo.processInfo.environment["OSTLER_SCHEMA_SUITE"] { return URL(fileURLWithPath: path) }
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../..")
        return package.appending(path: ".build/json-schema-suite").standardizedFileURL
    }()

    static var isThere: Bool {
        FileManager.default.fileExists(atPath: folder.appending(path: "tests/draft2020-12/type.json").path)
    }

    /// All required tests of the draft.
    static func required() throws -> [Case] {
        let tests = folder.appending(path: "tests/draft2020-12")
        let files = try FileManager.default.contentsOfDirectory(atPath: tests.path).filter { $0.hasSuffix(".json") }
        return try files.sorted().flatMap { file in
            try groups(at: tests.appending(path: file)).flatMap { group in
                (group["tests"]?.array ?? []).compactMap { test -> Case? in
                    guard let schema = group["schema"], let payload = test["data"], let isValid = test["valid"]?.bool
                    else { return nil }
                    return Case(
                        file: file,
                        group: group["description"]?.string ?? "",
                        name: test["description"]?.string ?? "",
                        schema: schema,
                        payload: payload,
                        isValid: isValid
                    )
                }
            }
        }
    }

    /// The documents that the tests refer to, by the URIs that they expect them at.
    static func remotes() throws -> [String: JSONValue] {
        let remotes = folder.appending(path: "remotes")
        guard let walk = FileManager.default.enumerator(atPath: remotes.path) else { return [:] }
        var documents: [String: JSONValue] = [:]
        for case let path as String in walk where path.hasSuffix(".json") {
            let isOfOtherDraft = path.hasPrefix("draft") && !path.hasPrefix("draft2020-12/")
            if isOfOtherDraft { continue }
            documents["http://localhost:1234/" + path] = try document(at: remotes.appending(path: path))
        }
        return documents
    }

    private static func document(at url: URL) throws -> JSONValue {
        try JSONValue(parsing: [UInt8](Data(contentsOf: url)))
    }

    private static func groups(at url: URL) throws -> [JSONValue] {
        try document(at: url).array ?? []
    }
}
