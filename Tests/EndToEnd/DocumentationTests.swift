internal import Foundation
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// Runs what README and docs show: each page from top to bottom in a directory of its own.
    ///
    /// The info string of a fenced block says what it is:
    /// `sh runnable` (and `exit=N`): run by bash, and must end with that code;
    /// `text output`: lines that the block before it must have written, in this order; `…` stands for anything;
    /// `LANGUAGE file=PATH`: a file, executable if it begins with `#!`;
    /// `sh not-run: REASON`: shown only. Other `sh` blocks are not allowed.
    @Suite(.serialized)
    struct DocumentationTests {
        @Test(.sandboxed, arguments: DocumentationPage.all)
        func `every command of a page does what the page says`(page: DocumentationPage) async throws {
            let steps = try page.steps()
            guard steps.contains(where: \.isRun) else { return }
            try await withTree { tree in
                if steps.contains(where: \.isAboutNewPlugins) { try await tree.installSDK() }
                try await Self.run(steps, page, in: tree)
            }
        }

        private static func run(_ steps: [DocumentationPage.Step], _ page: DocumentationPage, in tree: InstalledTree)
            async throws
        {
            for step in steps {
                switch step {
                case .file(let path, let text):
                    try tree.directory.write("home/" + path, text, mode: text.hasPrefix("#!") ? 0o755 : 0o644)
                case .run(let script, let exitCode, let expected, let line):
                    let (status, output) = try await onThread { try tree.runScript(script) }
                    #expect(status == exitCode, "\(page.path):\(line) wrote:\n\(output)")
                    let missing = firstMissing(of: expected, in: output)
                    #expect(missing == nil, "\(page.path):\(line) wrote:\n\(output)")
                }
            }
        }

        @Test(arguments: DocumentationPage.all) func `every link of a page leads to a file`(page: DocumentationPage)
            throws
        {
            for target in try page.links() {
                let file = URL(fileURLWithPath: page.absolutePath).deletingLastPathComponent().appending(path: target)
                #expect(FileManager.default.fileExists(atPath: file.path), "\(page.path): \(target)")
            }
        }

        @Test func `an ellipsis stands for anything within a line`() {
            #expect(Self.firstMissing(of: ["a…d", "…"], in: "abcd\nx\n") == nil)
            #expect(Self.firstMissing(of: ["a…b"], in: "abc") == "a…b")
            #expect(Self.firstMissing(of: ["b", "a"], in: "a\nb\n") == "a")
            #expect(Self.firstMissing(of: ["aXa…a"], in: "aXa") == "aXa…a")
        }

        /// The first expected line that does not occur behind the ones before it.
        static func firstMissing(of expected: [String], in output: String) -> String? {
            var lines = output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)[...]
            for line in expected {
                guard let found = lines.firstIndex(where: { matches($0, line) }) else { return line }
                lines = lines[(found + 1)...]
            }
            return nil
        }

        private static func matches(_ text: String, _ pattern: String) -> Bool {
            let pieces = pattern.split(separator: "…", omittingEmptySubsequences: false).map(String.init)
            guard let first = pieces.first, let last = pieces.last, pieces.count > 1 else { return text == pattern }
            guard text.hasPrefix(first) else { return false }
            var rest = text.dropFirst(first.count)
            for piece in pieces.dropFirst().dropLast() where !piece.isEmpty {
                guard let range = rest.range(of: piece) else { return false }
                rest = rest[range.upperBound...]
            }
            return rest.hasSuffix(last)
        }
    }
}

/// A page of the documentation.
struct DocumentationPage: Sendable, CustomTestStringConvertible {
    enum Step {
        case file(String, String)
        case run(String, exitCode: Int32, output: [String], line: Int)

        var isRun: Bool {
            if case .run = self { true } else { false }
        }

        /// Whether it needs the SDKs of an installed tree.
        var isAboutNewPlugins: Bool {
            if case .run(let script, _, _, _) = self { script.contains("ostler plugin new") } else { false }
        }
    }

    struct Malformed: Error {
        let place: String
        let reason: String
    }

    /// Below the root of the package.
    let path: String
    var testDescription: String { path }
    var absolutePath: String { Self.root + "/" + path }

    static let root = URL(fileURLWithPath: #filePath).appending(path: "../../..").standardizedFileURL.path

    static let all: [DocumentationPage] = {
        let docs = FileManager.default.enumerator(atPath: root + "/docs")?.compactMap { $0 as? String } ?? []
        let top = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "sdk/README.md"]
        return (top + docs.filter { $0.hasSuffix(".md") }.sorted().map { "docs/" + $0 }).map(
            DocumentationPage.init(path:)
        )
    }()

    private func lines() throws -> [String] {
        try String(contentsOfFile: absolutePath, encoding: .utf8).components(separatedBy: "\n")
    }

    /// The blocks that do something, in the order of the page.
    func steps() throws -> [Step] {
        var steps: [Step] = []
        var block: (info: String, line: Int, text: [String])?
        for (index, line) in try lines().enumerated() {
            if let open = block {
                if line == "```" {
                    try Self.add(open, to: &steps, path)
                    block = nil
                } else {
                    block?.text.append(line)
                }
            } else if line.hasPrefix("```") {
                block = (String(line.dropFirst(3)), index + 1, [])
            }
        }
        guard block == nil else { throw Malformed(place: path, reason: "a block has no end") }
        return steps
    }

    private static func add(_ block: (info: String, line: Int, text: [String]), to steps: inout [Step], _ page: String)
        throws
    {
        let words = block.info.split(separator: " ").map(String.init)
        let text = block.text.joined(separator: "\n") + "\n"
        if let file = words.first(where: { $0.hasPrefix("file=") }) {
            steps.append(.file(String(file.dropFirst(5)), text))
        } else if words == ["text", "output"] {
            guard case .run(let script, let exitCode, [], let line) = steps.last else {
                throw Malformed(place: "\(page):\(block.line)", reason: "output of nothing that was run")
            }
            steps[steps.count - 1] = .run(script, exitCode: exitCode, output: block.text, line: line)
        } else if words.first == "sh" || words.first == "bash" || words.first == "console" {
            guard words.dropFirst().first != "not-run:" else { return }
            guard words.dropFirst().first == "runnable" else {
                throw Malformed(place: "\(page):\(block.line)", reason: "neither runnable nor not-run: REASON")
            }
            let code = words.first { $0.hasPrefix("exit=") }.flatMap { Int32($0.dropFirst(5)) } ?? 0
            steps.append(.run(text, exitCode: code, output: [], line: block.line))
        }
    }

    /// What its links lead to, without those to other places.
    func links() throws -> [String] {
        let text = try lines().joined(separator: "\n")
        return text.matches(of: /\]\(([^)#\s]+)(#[^)]*)?\)/).map { String($0.output.1) }.filter { !$0.contains("://") }
    }
}

extension InstalledTree {
    /// Runs a script by bash, which ends at the first command that fails; both streams come together.
    /// After two minutes the status is 124.
    func runScript(_ script: String) throws -> (status: Int32, output: String) {
        let log = directory.file("output")
        try Data().write(to: URL(fileURLWithPath: log))
        let output = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
        let process = Foundation.Process()
        // A command that hangs is a fault of its page, not of the test run.
        process.executableURL = URL(fileURLWithPath: "/usr/bin/timeout")
        process.arguments = ["--kill-after=5", "120", "/bin/bash", "-euc", "umask 022\n" + script]
        process.environment = ["PATH": "\(prefix)/bin:/usr/local/bin:/usr/bin:/bin", "HOME": home, "LANG": "C.UTF-8"]
        process.currentDirectoryURL = URL(fileURLWithPath: home)
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        process.waitUntilExit()
        try output.close()
        let written = try String(contentsOfFile: log, encoding: .utf8)
        return (process.terminationStatus, written)
    }
}
