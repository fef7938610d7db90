internal import Glibc
internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// `ostler plugin new`: from nothing to a plugin that passes its tests.
    @Suite
    struct ScaffoldTests {
        @Test(.sandboxed, .needs("/usr/bin/jq"), arguments: ["c", "python", "sh", "swift"])
        func `Three commands lead to a plugin that works`(_ language: String) async throws {
            try await withTree { tree in
                try await tree.installSDK()
                let name = "greet-\(language)"
                let made = try await tree.run(["plugin", "new", name, "--lang", language])
                try #require(made.exitCode == 0, "\(made.complaint)")

                var test = Child.Command(tree.home + "/\(name)/test", [])
                test.environment = [
                    "HOME=" + tree.home, "PATH=" + (Surroundings.environment("PATH") ?? "/usr/bin:/bin"),
                    "CONFIGURATION=debug",
                ]
                let tested = try await tree.run(test, within: .seconds(600))
                #expect(tested.exitCode == 0, "\(tested.text)\(tested.complaint)")
                #expect(tested.lines.last == "2 of 2 sessions went as recorded")

                let options = ["run", name, "--plugin-path", tree.home + "/" + name, "--name", "world"]
                let greeted = try await tree.run(options)
                #expect(greeted.text == "hello world\n", "\(greeted.complaint)")
                let cancelled = try await tree.run(options + ["--pause", "3600", "--timeout", "1s", "--json"])
                #expect(cancelled.exitCode == 4)
                #expect(try cancelled.json()["outcome"]?.string == "timeout")
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
                (["greet"], "--lang is missing"), (["greet", "--lang", "cobol"], "cobol"),
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
