internal import Glibc
internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// `ostler plugin new`: from nothing to a plugin that passes its tests.
    @Suite
    struct ScaffoldTests {
        struct Project: CustomTestStringConvertible, Sendable {
            let kind: String
            var language: String?
            /// The last line of its test script.
            var closing = "all as expected"
            /// A payload, and what it then writes.
            var task = (payload: #"{"name": "world"}"#, output: "hello world\n")

            var testDescription: String { [kind, language].compactMap(\.self).joined(separator: " in ") }
            var options: [String] { ["--kind", kind] + (language.map { ["--lang", $0] } ?? []) }

            static let all =
                ["c", "python", "sh", "swift"].map {
                    Project(kind: "process", language: $0, closing: "2 of 2 sessions went as recorded")
                }
                + ["c", "swift"].map { Project(kind: "library", language: $0) }
                + [Project(kind: "foreign", task: (#"{"text": "hello"}"#, "{\"returns\":907060870}\n"))]
        }

        @Test(.sandboxed, .needs("/usr/bin/jq"), arguments: Project.all)
        func `Three commands lead to a plugin that keeps the protocol`(_ project: Project) async throws {
            try await withTree { tree in
                try await tree.installSDK()
                let made = try await tree.run(["plugin", "new", "greet"] + project.options)
                try #require(made.exitCode == 0, "\(made.complaint)")

                var test = Child.Command(tree.home + "/greet/test", [])
                test.environment = [
                    "HOME=" + tree.home, "OSTLER=" + tree.program, "CONFIGURATION=debug",
                    "PATH=" + (Surroundings.environment("PATH") ?? "/usr/bin:/bin"),
                ]
                let tested = try await tree.run(test, within: .seconds(600))
                #expect(tested.exitCode == 0, "\(tested.text)\(tested.complaint)")
                #expect(tested.lines.last == project.closing)

                // Fewer tasks than by default, for the sake of time; the verdicts are the same.
                let kit = ["plugin", "test", "greet", "--strict", "--load", "50", "--patience", "30s"]
                let tried = try await tree.run(kit, within: .seconds(600))
                #expect(tried.exitCode == 0, "\(tried.text)\(tried.complaint)")

                let options = ["run", "greet", "--plugin-path", tree.home + "/greet", "--payload"]
                let greeted = try await tree.run(options + [project.task.payload])
                #expect(greeted.text == project.task.output, "\(greeted.complaint)")
            }
        }

        @Test
        func `No name of the template is left, and what is executable stays so`() async throws {
            try await withTree { tree in
                try await tree.installSDK()
                let made = try await tree.run([
                    "plugin", "new", "greet", "--lang", "python", "--dir", "there", "--json",
                ])
                #expect(try made.json()["directory"]?.string == tree.home + "/there")
                #expect(try made.json()["language"]?.string == "python")
                #expect(try made.json()["kind"]?.string == "process")
                for file in ["plugin.yaml", "README.md", "bin/plugin", "tests/greeting.jsonl"] {
                    let text = String(decoding: try contents(ofFile: tree.home + "/there/" + file), as: UTF8.self)
                    #expect(text.contains("greet") && !text.contains("@name@"), "\(file)")
                }
                for file in ["bin/plugin", "test", "tests/play"] {
                    #expect(access(tree.home + "/there/" + file, X_OK) == 0, "\(file)")
                }
            }
        }

        @Test(
            arguments: [
                (["Greet", "--lang", "sh"], "is no name"), (["../greet", "--lang", "sh"], "is no name"),
                (["greet"], "--lang is missing: c, python, sh or swift"), (["greet", "--lang", "cobol"], "cobol"),
                (["greet", "--kind", "library"], "--lang is missing: c or swift"),
                (["greet", "--kind", "library", "--lang", "python"], "no project of --kind library in python"),
                (["greet", "--kind", "foreign", "--lang", "c"], "leave --lang out"),
                (["greet", "--kind", "daemon"], "daemon"),
                (["greet", "--lang", "sh", "--dir", "taken"], "taken exists already"),
                (["greet", "--lang", "sh", "--dir", "link"], "link exists already"),
                (["greet", "--lang", "sh", "--dir", "no/such/place"], "no/such/place cannot be written"),
            ] as [([String], String)]
        )
        func `What cannot be begun is refused, and nothing is overwritten`(words: [String], reason: String) async throws
        {
            try await withTree { tree in
                try await tree.installSDK()
                try tree.directory.write("home/taken", "mine")
                symlink("nowhere", tree.home + "/link")
                let refused = try await tree.run(["plugin", "new"] + words)
                #expect(refused.exitCode == 3)
                #expect(refused.complaint.contains(reason), "\(refused.complaint)")
                #expect(Set(namesOfDirectory(tree.home)) == ["taken", "link"])
                #expect(try contents(ofFile: tree.home + "/taken") == Array("mine".utf8))
            }
        }

        @Test
        func `Without the installed SDKs it says what to do`() async throws {
            try await withTree { tree in
                let refused = try await tree.run(["plugin", "new", "greet", "--lang", "sh"])
                #expect(refused.exitCode == 3)
                #expect(refused.complaint.contains("scripts/install"), "\(refused.complaint)")
                #expect(access(tree.home + "/greet", F_OK) != 0)
            }
        }
    }
}
