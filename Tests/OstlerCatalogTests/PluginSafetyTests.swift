import Glibc
import OstlerConfig
import OstlerJSON
import OstlerTestSupport
import Testing

@testable import OstlerCatalog

@Suite struct PluginSafetyTests {
    private let directory = SuiteDirectory()

    init() {
        directory.writePlugin("p/a", name: "a")
    }

    @Test(
        arguments: [
            ("p/a", 0o777, "the directory is not used: every user can write it"),
            ("p/a", 0o775, "the directory is not used: its group can write it"),
            ("p/a", 0o1777, "the directory is not used: every user can write it"),
            ("p/a/plugin.yaml", 0o666, "invalid manifest: plugin.yaml: the file is not used: every user can write it"),
            ("p/a/plugin.yaml", 0o664, "invalid manifest: plugin.yaml: the file is not used: its group can write it"),
            ("p/a/bin/run", 0o757, "the program bin/run is not used: every user can write it"),
            ("p", 0o777, "the directory is not searched: every user can write it"),
            ("p", 0o775, "the directory is not searched: its group can write it"),
        ] as [(String, mode_t, String)]
    )
    func `what others can write is not used`(path: String, mode: mode_t, message: String) {
        #expect(directory.load("p").names == ["a"])
        chmod(directory.path(path), mode)
        let catalog = directory.load("p")
        #expect(catalog.plugins.isEmpty)
        #expect(catalog.rejected.map(\.message) == [message])
        #expect(catalog.rejected.map(\.code.rawValue) == ["unsafe_permissions"])
    }

    @Test func `a directory of plugins may be open to all if it is sticky`() {
        chmod(directory.path("p"), 0o1777)
        #expect(directory.load("p").names == ["a"])
    }

    @Test(.enabled(if: geteuid() == 0), arguments: ["p", "p/a", "p/a/plugin.yaml", "p/a/bin/run"])
    func `what belongs to others is not used`(path: String) {
        chown(directory.path(path), 12345, 12345)
        let catalog = directory.load("p")
        #expect(catalog.plugins.isEmpty)
        #expect(catalog.rejected.map(\.code) == [.unsafePermissions])
        #expect(catalog.rejected.first?.message.hasSuffix("it belongs to user 12345") == true)
    }

    @Test func `a schema that others can write is not used`() {
        directory.write("p/a/schema/a.json", "{}", mode: 0o666)
        directory.writePlugin("p/a", name: "a", extra: "config_schema: {file: schema/a.json}")
        #expect(
            directory.load("p").rejections == [
                "a: invalid_manifest: invalid manifest: plugin.yaml:6:23: the file schema/a.json is not used: "
                    + "every user can write it"
            ]
        )
    }

    @Test func `a manifest that is a link is not read`() {
        directory.write("secret", "name: stolen")
        directory.makeDirectory("p/b")
        symlink(directory.path("secret"), directory.path("p/b/plugin.yaml"))
        #expect(
            directory.load("p").rejections
                == ["b: invalid_manifest: invalid manifest: plugin.yaml: the file is a symbolic link"]
        )
    }

    @Test func `a FIFO or a socket in the place of a file does not hold the catalog up`() {
        directory.makeDirectory("p/b")
        #expect(mkfifo(directory.path("p/b/plugin.yaml"), 0o644) == 0)
        directory.writePlugin("p/c", name: "c", extra: "config_schema: {file: fifo.json}")
        #expect(mkfifo(directory.path("p/c/fifo.json"), 0o644) == 0)
        directory.writePlugin("p/d", name: "d")
        unlink(directory.path("p/d/bin/run"))
        #expect(mkfifo(directory.path("p/d/bin/run"), 0o755) == 0)
        #expect(mkfifo(directory.path("p/e"), 0o644) == 0)
        #expect(
            directory.load("p").rejections == [
                "b: invalid_manifest: invalid manifest: plugin.yaml: the file is not a regular file",
                "c: invalid_manifest: invalid manifest: plugin.yaml:6:23: the file fifo.json is not a regular file",
                "d: invalid_entry: the program bin/run is not a regular file",
            ]
        )
    }

    @Test func `names that are strange break nothing`() {
        for name in ["b c", "d\ne", "f'g", "\u{1B}[31m", "ü", String(repeating: "x", count: 255)] {
            directory.writePlugin("p/" + name, name: "n\(name.utf8.count)")
        }
        let catalog = directory.load("p")
        #expect(Set(catalog.names) == ["a", "n2", "n3", "n5", "n255"])
        #expect(catalog.rejected.map(\.code) == [.shadowed, .shadowed])
    }

    @Test(.enabled(if: geteuid() == 0)) func `what cannot be opened is kept with the reason`() {
        directory.makeDirectory("p/b")
        chmod(directory.path("p/b"), 0o000)
        // Root may open all: then there is no manifest in it.
        #expect(directory.load("p").rejected.map(\.code) == [.noManifest])
    }

    @Test func `a plugin may be linked to, and is one plugin by however many names`() {
        directory.writePlugin("elsewhere/tool", name: "tool")
        symlink(directory.path("elsewhere/tool"), directory.path("p/b"))
        symlink(directory.path("elsewhere/tool"), directory.path("p/c"))
        let catalog = directory.load("p", "p", "elsewhere")
        #expect(catalog.names == ["a", "tool"])
        #expect(catalog.rejected.isEmpty)
    }

    @Test func `links that lead nowhere or in circles break nothing`() {
        symlink(directory.path("none"), directory.path("p/b"))
        symlink("c", directory.path("p/c"))
        symlink(".", directory.path("p/d"))
        symlink("a/plugin.yaml", directory.path("p/e"))
        let catalog = directory.load("p")
        #expect(catalog.names == ["a"])
        #expect(
            catalog.rejections == [
                "b: not_found: the directory does not exist",
                "c: unreadable: the directory cannot be read: Too many levels of symbolic links",
                "d: no_manifest: there is no plugin.yaml in it",
                "e: unreadable: the directory is not a directory",
            ]
        )
    }

    @Test func `a program must be in the directory and executable`() {
        let run = directory.path("p/a/bin/run")
        chmod(run, 0o644)
        #expect(directory.load("p").rejections == ["a: invalid_entry: the program bin/run is not executable"])
        unlink(run)
        #expect(directory.load("p").rejections == ["a: invalid_entry: the program bin/run does not exist"])
        symlink("/bin/sh", run)
        #expect(
            directory.load("p").rejections
                == ["a: invalid_entry: the program bin/run leads out of the plugin's directory"]
        )
        unlink(run)
        directory.makeDirectory("p/a/bin/run")
        #expect(directory.load("p").rejections == ["a: invalid_entry: the program bin/run is not a regular file"])
        rmdir(run)
        directory.write("p/a/bin/run-1.0", "", mode: 0o755)
        symlink("run-1.0", run)
        #expect(directory.load("p").names == ["a"])
    }

    @Test func `a schema file must be in the directory`() {
        directory.write("outside/x.json", "{}")
        directory.makeDirectory("p/a/schema")
        symlink(directory.path("outside"), directory.path("p/a/out"))
        symlink(directory.path("outside/x.json"), directory.path("p/a/schema/x.json"))
        for (file, reason) in [
            ("out/x.json", "leads out of the plugin's directory"),
            ("schema/x.json", "leads out of the plugin's directory"),
            ("schema/none.json", "does not exist"),
            ("schema", "is a directory"),
        ] {
            directory.writePlugin("p/a", name: "a", extra: "config_schema: {file: \(file)}")
            #expect(
                directory.load("p").rejected.map(\.message)
                    == ["invalid manifest: plugin.yaml:6:23: the file \(file) \(reason)"]
            )
        }
        for (text, reason) in [
            ("[]", " must hold a JSON object"),
            ("{", ":1:2 is not JSON: the text ends in the middle of a value"),
            (#"{"a":1,"a":2}"#, ":1:8 is not JSON: the same member twice in one object"),
        ] {
            directory.write("p/a/x.json", text)
            directory.writePlugin("p/a", name: "a", extra: "config_schema: {file: x.json}")
            #expect(
                directory.load("p").rejected.map(\.message)
                    == ["invalid manifest: plugin.yaml:6:23: the file x.json\(reason)"]
            )
        }
    }

    @Test func `a schema can be in a file of its own`() throws {
        directory.write("p/a/schema/x.json", #"{"type": "object", "title": "from a file"}"#)
        directory.writePlugin("p/a", name: "a", extra: "config_schema: {file: schema/x.json}")
        let catalog = directory.load("p")
        #expect(catalog.plugins.first?.manifest.configSchema?.source["title"] == "from a file")
    }
}

@Suite struct PluginSearchPathTests {
    private let directory = SuiteDirectory()

    @Test func `the order is that of the reference`() {
        let path = PluginSearchPath.standard(
            option: "/x:rel::y/z",
            environment: ["OSTLER_PLUGIN_PATH": "/e", "HOME": "/home/u"],
            workingDirectory: "/w",
            prefix: "/opt/ostler"
        )
        #expect(
            path.entries.map { "\($0.origin) \($0.directory)" } == [
                "--plugin-path /x", "--plugin-path /w/rel", "--plugin-path /w/y/z", "$OSTLER_PLUGIN_PATH /e",
                "./.ostler/plugins /w/.ostler/plugins", "the installed plugins /home/u/.local/share/ostler/store",
                "the user's plugins /home/u/.local/share/ostler/plugins",
                "the installation's plugins /opt/ostler/lib/ostler/plugins",
            ]
        )
    }

    @Test func `the user's directory follows the XDG specification`() {
        func user(_ environment: [String: String]) -> String? {
            PluginSearchPath.standard(option: nil, environment: environment, workingDirectory: "/w", prefix: nil)
                .entries.first { $0.origin == .user }?.directory
        }
        #expect(user([:]) == nil)
        #expect(user(["XDG_DATA_HOME": "/d", "HOME": "/h"]) == "/d/ostler/plugins")
        #expect(user(["XDG_DATA_HOME": "d", "HOME": "/h"]) == "/h/.local/share/ostler/plugins")
    }

    @Test func `a directory that was named and is missing is told, one by default is not`() {
        directory.write("file", "")
        let entries = [
            directory.entry("none", .option), directory.entry("none2", .environment), directory.entry("none3", .user),
            directory.entry("none4", .prefix), directory.entry("none5", .workingDirectory), directory.entry("file"),
        ]
        let catalog = Catalog.load(searchPath: PluginSearchPath(entries))
        #expect(
            catalog.rejections == [
                "none: not_found: the directory does not exist", "none2: not_found: the directory does not exist",
                "file: unreadable: the directory is not a directory",
            ]
        )
    }

    @Test func `the working directory's plugins are told but not used until they are trusted`() {
        directory.writePlugin(".ostler/plugins/a", name: "a")
        let path = PluginSearchPath.standard(
            option: nil,
            environment: [:],
            workingDirectory: directory.root,
            prefix: nil
        )
        let catalog = Catalog.load(searchPath: path)
        #expect(catalog.plugins.isEmpty)
        #expect(
            catalog.rejections == [
                "a: untrusted: nobody has said that it is trusted; look at it, then: ostler plugin trust "
                    + directory.path(".ostler/plugins/a")
            ]
        )
    }

    @Test func `an option wins over the environment, and that over the installation`() {
        for folder in ["o", "e", "opt/lib/ostler/plugins", "d/ostler/plugins"] {
            directory.writePlugin(folder + "/tool", name: "tool")
        }
        var environment = ["OSTLER_PLUGIN_PATH": "e", "XDG_DATA_HOME": directory.path("d")]
        func winner(option: String?) -> String? {
            let path = PluginSearchPath.standard(
                option: option,
                environment: environment,
                workingDirectory: directory.root,
                prefix: directory.path("opt")
            )
            return Catalog.load(searchPath: path).plugins.first?.origin.origin.description
        }
        #expect(winner(option: "o") == "--plugin-path")
        #expect(winner(option: nil) == "$OSTLER_PLUGIN_PATH")
        environment["OSTLER_PLUGIN_PATH"] = nil
        // The user's own is there, but nobody has trusted it.
        #expect(winner(option: nil) == "the installation's plugins")
        environment["XDG_DATA_HOME"] = nil
        #expect(winner(option: nil) == "the installation's plugins")
    }
}
