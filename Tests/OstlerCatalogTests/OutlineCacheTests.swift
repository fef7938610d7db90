import Glibc
import OstlerConfig
import OstlerSystem
import OstlerTestSupport
import Testing

@testable import OstlerCatalog

/// Every test sees its files as long written: what is younger than a second is not kept.
@Suite struct OutlineCacheTests {
    private let directory = SuiteDirectory()
    /// Before any of the files is written.
    private let start = WallClock.nanoseconds
    private var later: Int64 { start + 3_600_000_000_000 }

    init() {
        directory.makeDirectory("cache")
        chmod(directory.path("cache"), 0o700)
        directory.writePlugin("p/alpha", name: "alpha", executors: ["x", "y"])
        directory.writePlugin("p/beta", name: "beta", extra: "description: The second")
    }

    private var file: String { directory.path("cache/ostler/manifests") }

    private func list(now: Int64? = nil) -> CatalogOutline {
        CatalogOutline.load(
            searchPath: PluginSearchPath([directory.entry("p")]),
            disabledExecutors: ["y"],
            cache: OutlineCache(in: directory.path("cache"), now: now ?? later)
        )
    }

    /// Gives each plugin that is kept another description, as nobody but the cache can have it.
    private func forge() throws {
        let entries = try #require(OutlineCacheFile.entries(try SmallFile.read(file).bytes))
        let forged = entries.map { entry in
            let outline = entry.outline
            return OutlineCache.Entry(
                files: entry.files,
                outline: PluginOutline(
                    name: outline.name,
                    version: outline.version,
                    description: "kept",
                    kind: outline.kind,
                    ownFile: outline.ownFile,
                    needs: outline.needs,
                    executors: outline.executors
                )
            )
        }
        directory.write("cache/ostler/manifests", String(decoding: OutlineCacheFile.bytes(forged), as: UTF8.self))
        chmod(file, 0o600)
    }

    private var descriptions: [String] { list().plugins.map(\.outline.description) }

    @Test func `an outline says what the catalog says, with and without the cache`() {
        let catalog = Catalog.load(
            searchPath: PluginSearchPath([directory.entry("p")]),
            disabledExecutors: ["y"]
        )
        for _ in 0..<2 {
            let outline = list()
            #expect(outline.plugins.map(\.outline) == catalog.plugins.map(\.manifest.outline))
            #expect(outline.plugins.map(\.directory) == catalog.plugins.map(\.directory))
            #expect(outline.usableExecutors.map(\.name) == catalog.executorNames)
            #expect(outline.rejected.isEmpty)
        }
    }

    @Test func `what was listed once is not read again`() throws {
        _ = list()
        try forge()
        #expect(descriptions == ["kept", "kept"])
    }

    @Test func `what runs is read from the manifest whatever the cache says`() throws {
        _ = list()
        try forge()
        let catalog = list().catalog(offering: ["x", "beta", "y", "unknown"])
        #expect(catalog.plugins.map(\.manifest.description) == ["", "The second"])
        #expect(catalog.executorNames == ["beta", "x"])
        #expect(directory.load("p").plugins.map(\.manifest.description) == ["", "The second"])
    }

    @Test func `a manifest that was changed is read again, and the other is not`() throws {
        _ = list()
        try forge()
        directory.writePlugin("p/alpha", name: "alpha", extra: "description: New")
        #expect(descriptions == ["New", "kept"])
    }

    @Test func `a schema that was changed is read again`() throws {
        directory.write(
            "p/gamma/plugin.yaml",
            """
            name: gamma
            version: 1.0.0
            protocol: {min: 0, max: 0}
            kind: process
            entry: {command: [python3]}
            executors: [{name: gamma, payload: {file: schema.json}}]
            """
        )
        directory.write("p/gamma/schema.json", "{}")
        #expect(list().rejected.isEmpty)
        try forge()
        #expect(descriptions == ["kept", "kept", "kept"])
        directory.write("p/gamma/schema.json", "[]")
        let outline = list()
        #expect(outline.plugins.map(\.outline.name) == ["alpha", "beta"])
        #expect(outline.rejected.map(\.code) == [.invalidManifest])
    }

    @Test func `what others can write is refused although it is in the cache`() throws {
        _ = list()
        chmod(directory.path("p/alpha/plugin.yaml"), 0o666)
        #expect(list().rejected.map(\.code) == [.unsafePermissions])
    }

    @Test func `a file that may still be changed without a new time is not kept`() {
        _ = list(now: start)
        #expect(access(file, F_OK) != 0)
    }

    @Test(arguments: ["", "{}", "0\n[]", "cut", "edited", "other build"])
    func `a cache that is not whole counts as empty and is made anew`(damage: String) throws {
        _ = list()
        try forge()
        let text = String(decoding: try SmallFile.read(file).bytes, as: UTF8.self)
        let damaged =
            switch damage {
            case "cut": String(text.dropLast(5))
            case "edited": text.split(separator: "kept").joined(separator: "kopt")
            case "other build": try otherBuild()
            default: damage
            }
        #expect(damaged != text)
        directory.write("cache/ostler/manifests", damaged)
        #expect(descriptions == ["", "The second"])
        try forge()
        #expect(descriptions == ["kept", "kept"])
    }

    /// Whole and sealed, with another first element.
    private func otherBuild() throws -> String {
        let text = String(decoding: try SmallFile.read(file).bytes, as: UTF8.self)
        let rest = "[[1,2,3,4,5]" + text.drop { $0 != "]" }.dropFirst()
        return OutlineCacheFile.seal(Array(rest.utf8)).reduce(into: "") { $0.unicodeScalars.append(Unicode.Scalar($1)) }
    }

    @Test func `a cache that others can write, or a link to one, counts as empty`() throws {
        _ = list()
        try forge()
        chmod(file, 0o666)
        #expect(descriptions == ["", "The second"])
        // Looking has put a new one in its place.
        try forge()
        rename(file, directory.path("elsewhere"))
        symlink(directory.path("elsewhere"), file)
        #expect(descriptions == ["", "The second"])
    }

    @Test func `where no cache can be kept, plugins are listed all the same`() {
        chmod(directory.path("cache"), 0o777)
        #expect(descriptions == ["", "The second"])
        #expect(access(file, F_OK) != 0)
    }
}
