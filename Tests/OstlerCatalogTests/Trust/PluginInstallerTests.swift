import Glibc
import OstlerConfig
import OstlerTestSupport
import Testing

@testable import OstlerCatalog
@testable import OstlerTrust

@Suite struct PluginInstallerTests {
    @Test func `the store holds what was added, and nobody may write to it`() throws {
        try withTemporaryDirectory { directory in
            let bench = try TrustBench(directory)
            let entry = try bench.add()
            let place = try bench.place()
            #expect(place.hasSuffix("/sha256-" + entry.digest))
            #expect(try contents(ofFile: place + "/bin/tool") == directory.read("source/bin/tool"))
            for (path, mode) in [("", 0o555), ("/bin", 0o555), ("/bin/tool", 0o555), ("/plugin.yaml", 0o444)] {
                var status = stat()
                #expect(stat(place + path, &status) == 0 && status.st_mode & 0o7777 == mode_t(mode), "\(path)")
            }
        }
    }

    @Test func `a plugin gets what it needs and was granted, and no more`() throws {
        try withTemporaryDirectory { directory in
            let bench = try TrustBench(directory)
            try bench.write("source", needs: "launch: true, network: loopback, files: [{path: /srv, access: rw}]")
            let candidate = try bench.installer.stage(directory.file("source"), key: nil)
            let granted = Permissions([.loopback, .file("/srv", isWritable: false), .secret("db")])
            _ = try bench.installer.admit(candidate, granted: granted)
            let plugin = try #require(try bench.load().plugins.first)
            #expect(plugin.permissions.all.map(\.text) == ["file:/srv:ro", "network:loopback"])
        }
    }

    @Test func `a new version takes the place of the old one, whose files go`() throws {
        try withTemporaryDirectory { directory in
            let bench = try TrustBench(directory)
            try bench.add()
            let old = try bench.place()
            let use = PluginUse(old)
            try bench.write("source", version: "1.1.0")
            try bench.add()
            // A host still uses it.
            #expect(access(old, F_OK) == 0)
            withExtendedLifetime(use) {}
            #expect(try bench.load().plugins.map(\.manifest.version) == ["1.1.0"])
            _ = try bench.installer.remove("tool")
            #expect(namesOfDirectory(bench.installer.store.path).filter { $0.hasPrefix("sha256-") }.count <= 1)
            #expect(try bench.load().plugins.isEmpty)
        }
    }

    @Test(arguments: [false, true])
    func `a signature of minisign is verified, of either kind`(isLegacy: Bool) throws {
        try withTemporaryDirectory { directory in
            let bench = try TrustBench(directory)
            let key = try bench.makeKey("publisher")
            try bench.sign("source", by: "publisher", isLegacy: isLegacy)
            let candidate = try bench.installer.stage(directory.file("source"), key: key)
            #expect(candidate.publisher == .verified(key, comment: "tool"))
            #expect(try bench.add(key: key).key == key.text)
            // From now on the publisher's key is known, and the next version must be signed by it.
            try bench.write("source", version: "1.1.0")
            #expect(unlink(directory.file("source/plugin.sums")) == 0)
            #expect(unlink(directory.file("source/plugin.sums.minisig")) == 0)
            #expect(try refusal { try bench.add() } == "signature_missing")
            let other = try bench.makeKey("other")
            try bench.sign("source", by: "other")
            #expect(try refusal { try bench.add(key: other) } == "wrong_key")
            try bench.sign("source", by: "publisher", isLegacy: isLegacy)
            #expect(try bench.add().version == "1.1.0")
        }
    }

    @Test func `plugins are allowed and blocked by name, digest and key, wherever they are`() throws {
        try withTemporaryDirectory { directory in
            let bench = try TrustBench(directory)
            let key = try bench.makeKey("publisher")
            let other = try bench.makeKey("other")
            try bench.sign("source", by: "publisher")
            let digest = "sha256:" + (try bench.add(key: key).digest)
            for (pattern, isMeant) in [
                ("t*", true), ("x*", false), (digest, true), ("sha256:" + String(repeating: "0", count: 64), false),
                ("key:" + key.text, true), ("key:" + other.text, false),
            ] {
                let named = PluginSearchPath([.init(directory: directory.file("source"), origin: .option)])
                for policy in [HostConfig.Plugins(block: [pattern]), HostConfig.Plugins(allow: [pattern])] {
                    let isUsed = isMeant == policy.block.isEmpty
                    #expect(try bench.load(policy: policy).plugins.isEmpty == !isUsed, "\(policy)")
                    #expect(Catalog.load(searchPath: named, policy: policy).plugins.isEmpty == !isUsed, "\(policy)")
                }
            }
        }
    }

    @Test func `files that were touched and are the same are hashed and used, and an audit remembers it`() throws {
        try withTemporaryDirectory { directory in
            let bench = try TrustBench(directory)
            try bench.add()
            let place = try bench.place()
            let before = try bench.installer.file.read()
            #expect(chmod(place + "/bin/tool", 0o755) == 0 && chmod(place + "/bin/tool", 0o555) == 0)
            #expect(try bench.load().names == ["tool"])
            #expect(try bench.installer.audit().allSatisfy { $0.error == nil })
            let after = try bench.installer.file.read()
            #expect(after != before && after.entries.map(\.digest) == before.entries.map(\.digest))
        }
    }

    @Test func `what is packed twice is the same, and comes out as it went in`() throws {
        try withTemporaryDirectory { directory in
            let bench = try TrustBench(directory)
            let long =
                "source/" + String(repeating: "long-name-", count: 9) + "/" + String(repeating: "\u{E9}", count: 60)
            try directory.write(long, "x")
            let first = try PackedPlugin(directory.file("source"), onlySums: false)
            try Tool.run("/bin/cp", ["-r", "source", "copy"], in: directory.path)
            #expect(try PackedPlugin(directory.file("copy"), onlySums: false).bytes == first.bytes)
            try directory.write(first.fileName, first.bytes)
            #expect(try bench.add(first.fileName).digest == first.digest)
            // The list of sums is what sha256sum takes.
            let sums = try PackedPlugin(directory.file("source"), onlySums: true)
            try directory.write("source/plugin.sums", sums.bytes)
            try Tool.run("/usr/bin/sha256sum", ["--check", "--strict", "plugin.sums"], in: directory.file("source"))
            #expect(try bench.add().digest == first.digest)
        }
    }

    @Test(arguments: ["gnu", "ustar", "pax"])
    func `archives of tar are taken in each of its formats`(format: String) throws {
        try withTemporaryDirectory { directory in
            let bench = try TrustBench(directory)
            try directory.write("source/" + String(repeating: "deep-folder/", count: 8) + "data", "x")
            try Tool.run(
                "/bin/tar",
                ["--format=\(format)", "-czf", "a.tar.gz", "-C", "source", "."],
                in: directory.path
            )
            #expect(try bench.add("a.tar.gz").digest == PackedPlugin(directory.file("source"), onlySums: false).digest)
        }
    }
}
