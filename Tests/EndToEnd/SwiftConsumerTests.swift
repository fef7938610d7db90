internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// A package that makes a plugin with OstlerPluginKit, from nothing.
    @Suite
    struct SwiftConsumerTests {
        @Test
        func `A package that imports OstlerPluginKit builds and fetches nothing that it does not use`() async throws {
            try await withTree { tree in
                let example = Surroundings.packageRoot() + "/sdk/swift/examples/hello"
                let manifest = String(decoding: try contents(ofFile: example + "/Package.swift"), as: UTF8.self)
                let text = manifest.replacing("\"../../../..\"", with: "\"\(Surroundings.packageRoot())\"")
                try tree.directory.write("consumer/Package.swift", Array(text.utf8))
                let source = "Sources/hello/main.swift"
                try tree.directory.write("consumer/" + source, try contents(ofFile: example + "/" + source))
                var command = Child.Command("/usr/bin/env", ["swift", "build", "--disable-automatic-resolution"])
                command.directory = tree.directory.file("consumer")
                command.environment = [
                    "HOME=" + tree.home, "PATH=" + (Surroundings.environment("PATH") ?? "/usr/bin:/bin"),
                ]
                let built = try await tree.run(command, within: .seconds(600))
                try #require(built.exitCode == 0, "\(built.text)\(built.complaint)")

                let products = tree.directory.file("consumer/.build/debug")
                // There is a directory for each module of the package; those that were compiled hold objects.
                let compiled = namesOfDirectory(products).filter { name in
                    name.hasSuffix(".build") && namesOfDirectory(products + "/" + name).contains { $0.hasSuffix(".o") }
                }
                let own = [
                    "COstlerLaunchClient", "COstlerShims", "OstlerJSON", "OstlerPluginKit", "OstlerPluginWire",
                    "OstlerProtocol",
                    "hello",
                ]
                #expect(Set(compiled) == Set(own.map { $0 + ".build" }))
                #expect(namesOfDirectory(tree.directory.file("consumer/.build/checkouts")).isEmpty)

                let transcripts = Surroundings.packageRoot() + "/sdk/transcripts"
                let words = [transcripts + "/one-task.jsonl", "--", products + "/hello"]
                let played = try await tree.run(Child.Command(transcripts + "/play", words))
                #expect(played.lines.last == "1 of 1 sessions went as recorded", "\(played.text)")
            }
        }
    }
}
