import Glibc
import OstlerConfig
import Testing

/// The manifests in `Tests/Fixtures/manifests`. A bad one begins with lines `# expect: …`, one for each problem.
struct ManifestFixture: CustomTestStringConvertible {
    static let directory = fixturesDirectory + "/manifests"

    let path: String
    let text: String

    init(_ relativePath: String) throws {
        path = Self.directory + "/" + relativePath
        text = String(decoding: try SmallFile.read(path).bytes, as: UTF8.self)
    }

    var testDescription: String { path.split(separator: "/").last.map(String.init) ?? path }

    var expected: [String] {
        lines.prefix { $0.hasPrefix("# expect: ") }.map { String($0.dropFirst("# expect: ".count)) }
    }

    private var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }

    static func all(in folder: String) -> [ManifestFixture] {
        guard let stream = opendir(directory + "/" + folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(
                withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                }
            )
        }
        return names.sorted().filter { $0.hasSuffix(".yaml") }.compactMap { try? ManifestFixture(folder + "/" + $0) }
    }
}

let fixturesDirectory = repositoryDirectory + "/Tests/Fixtures"

let repositoryDirectory = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }
