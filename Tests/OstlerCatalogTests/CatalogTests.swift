import Glibc
import OstlerConfig
import OstlerJSON
import OstlerTestSupport
import Testing

@testable import OstlerCatalog

@Suite struct CatalogTests {
    private let directory = SuiteDirectory()

    @Test func `plugins are found in a directory of plugins, sorted by its names`() {
        directory.writePlugin("p/b", name: "beta")
        directory.writePlugin("p/a", name: "alpha", executors: ["x", "y"])
        directory.write("p/README", "not a plugin")
        directory.makeDirectory("p/.hidden")
        let catalog = directory.load("p")
        #expect(catalog.names == ["alpha", "beta"])
        #expect(catalog.rejected.isEmpty)
        #expect(catalog.executorNames == ["beta", "x", "y"])
        let executor = catalog.executor(named: "x")
        #expect(executor?.plugin.manifest.name == "alpha")
        #expect(executor?.plugin.directory == directory.path("p/a"))
        #expect(executor?.plugin.origin == directory.entry("p"))
    }

    @Test func `an entry may be the directory of one plugin`() {
        directory.writePlugin("one", name: "single")
        #expect(directory.load("one").names == ["single"])
    }

    @Test func `the first of a name wins and the loser is kept`() {
        directory.writePlugin("p/tool", name: "tool")
        directory.writePlugin("q/tool", name: "tool", executors: ["tool", "more"])
        let catalog = directory.load("p", "q")
        #expect(catalog.plugins.map(\.directory) == [directory.path("p/tool")])
        #expect(catalog.rejections == ["tool: shadowed: shadowed by \(directory.path("p/tool")) (--plugin-path)"])
        #expect(catalog.rejected.first?.directory == directory.path("q/tool"))
        #expect(catalog.executorNames == ["tool"])
    }

    @Test func `the first that offers an executor wins it, and the other keeps its rest`() {
        directory.writePlugin("p/a", name: "a", executors: ["shared", "own-a"])
        directory.writePlugin("p/b", name: "b", executors: ["shared", "own-b"])
        let catalog = directory.load("p")
        #expect(catalog.names == ["a", "b"])
        #expect(catalog.executorNames == ["own-a", "own-b", "shared"])
        #expect(catalog.executor(named: "shared")?.plugin.manifest.name == "a")
        #expect(
            catalog.rejections
                == ["b: executor_shadowed: executor \"shared\" shadowed by plugin \"a\" in \(directory.path("p/a"))"]
        )
    }

    @Test func `a broken plugin breaks no other`() {
        directory.write("p/a/plugin.yaml", "name: [")
        directory.write("p/b/plugin.yaml", "name: b\nkind: foreign\n")
        directory.makeDirectory("p/c")
        directory.makeDirectory("p/d/plugin.yaml")
        directory.writePlugin("p/e", name: "e", extra: "extra: 1\nmore: 2")
        directory.write("p/f/plugin.yaml", String(repeating: "#", count: 1 << 20 + 1))
        directory.writePlugin("p/good", name: "good")
        let catalog = directory.load("p")
        #expect(catalog.names == ["good"])
        #expect(
            catalog.rejections == [
                "a: invalid_manifest: invalid manifest: plugin.yaml:2:1: did not find expected node content "
                    + "(while parsing a flow node from line 2)",
                "b: invalid_manifest: invalid manifest: plugin.yaml:1:1: the key \"functions\" is missing",
                "c: no_manifest: there is no plugin.yaml in it",
                "d: invalid_manifest: invalid manifest: plugin.yaml: the file is a directory",
                "e: invalid_manifest: invalid manifest: plugin.yaml:6:1: unknown key \"extra\"; known keys: name, "
                    + "version, description, protocol, kind, entry, executors, config_schema, needs, limits "
                    + "(and 1 more problem)",
                "f: invalid_manifest: invalid manifest: plugin.yaml: the file is larger than 1048576 bytes",
            ]
        )
        #expect(catalog.rejected.map(\.problems.count) == [1, 1, 0, 1, 2, 1])
    }

    @Test func `an invalid plugin does not shadow a valid one`() {
        directory.write("p/tool/plugin.yaml", "name: tool\n")
        directory.writePlugin("q/tool", name: "tool")
        #expect(directory.load("p", "q").plugins.map(\.directory) == [directory.path("q/tool")])
    }

    @Test func `lists in the configuration block plugins by name`() {
        directory.writePlugin("p/aa", name: "aa")
        directory.writePlugin("p/ab", name: "ab")
        directory.writePlugin("p/b", name: "b")
        let catalog = directory.load("p", policy: .init(allow: ["a*"], block: ["zz", "*b"]))
        #expect(catalog.names == ["aa"])
        #expect(
            catalog.rejections == [
                "ab: blocked: blocked by plugins.block: \"*b\"", "b: blocked: blocked by plugins.block: \"*b\"",
            ]
        )
        #expect(
            directory.load("p", policy: .init(allow: ["aa", "ab"])).rejections
                == ["b: blocked: blocked by plugins.allow: no pattern matches"]
        )
        #expect(directory.load("p", policy: .init(allow: [])).plugins.isEmpty)
    }

    @Test func `nothing is executed`() {
        let marker = directory.path("marker")
        directory.writePlugin("p/evil", name: "evil", program: "touch \(marker)")
        directory.write("p/broken/plugin.yaml", "{{")
        directory.write("p/broken/bin/run", "#!/bin/sh\ntouch \(marker)\n", mode: 0o755)
        let catalog = directory.load("p")
        #expect(catalog.names == ["evil"])
        _ = catalog.executorNames
        _ = catalog.check(HostConfig())
        _ = try? catalog.executor(named: "evil")?.executor.payload.compiled()
        #expect(access(marker, F_OK) != 0)
    }

    @Test func `fifty plugins are found quickly`() {
        for index in 0..<50 {
            directory.writePlugin("p/plugin\(index)", name: "plugin\(index)", executors: ["e\(index)", "f\(index)"])
        }
        var catalog = directory.load("p")
        let time = computingTime { catalog = directory.load("p") }
        #expect(catalog.plugins.count == 50 && catalog.executorNames.count == 100)
        #expect(time < .seconds(1), "\(time)")
    }
}

@Suite struct CatalogLookupTests {
    private let directory = SuiteDirectory()

    private func error(_ name: String, in catalog: Catalog) -> CatalogError? {
        do throws(CatalogError) {
            _ = try catalog.requireExecutor(named: name)
            return nil
        } catch {
            return error
        }
    }

    @Test func `an unknown executor is told with what was probably meant`() {
        directory.writePlugin("p/command", name: "command")
        let catalog = directory.load("p")
        #expect(catalog.executor(named: "comand") == nil)
        #expect(error("command", in: catalog) == nil)
        let missing = error("comand", in: catalog)
        #expect(missing?.code.rawValue == "unknown_executor")
        #expect(missing?.message == "unknown executor type: comand")
        #expect(missing?.hint == "did you mean \"command\"?")
        #expect(missing?.description == "unknown executor type: comand; did you mean \"command\"?")
        #expect(error("http", in: catalog)?.hint == "the executors here are: command")
        #expect(error("", in: catalog)?.message == "unknown executor type: ")
        #expect(error("x", in: directory.load())?.hint == "no executor is installed; see --plugin-path")
        let nowhere = "--plugin-path names \(directory.path("none")): the directory does not exist"
        #expect(error("x", in: directory.load("none"))?.hint == nowhere)
    }

    @Test func `an executor whose plugin was refused is told with the reason`() {
        directory.writePlugin("p/net", name: "net", executors: ["http"])
        let catalog = directory.load("p", policy: .init(block: ["net"]))
        let reason = "the plugin \"net\" in \(directory.path("p/net")) is not used: blocked by plugins.block: \"net\""
        #expect(error("http", in: catalog)?.message == "unknown executor type: http")
        #expect(error("http", in: catalog)?.hint == reason)
        #expect(error("net", in: catalog)?.hint == reason)
    }

    @Test func `an executor that is switched off is not offered`() {
        directory.writePlugin("p/a", name: "a", executors: ["a", "b"])
        let catalog = directory.load("p", disabled: ["b", "nothing"])
        #expect(catalog.executorNames == ["a"])
        #expect(catalog.executor(named: "b") == nil)
        #expect(catalog.installedExecutor(named: "b")?.name == "b")
        #expect(error("b", in: catalog)?.code == .executorDisabled)
        #expect(error("b", in: catalog)?.message == "executor disabled: b")
        #expect(error("b", in: catalog)?.hint == "the configuration has executors.b.enabled: false")
    }
}
