import Glibc
import OstlerJSON
import OstlerTestSupport
import Testing

@testable import OstlerConfig

@Suite struct ConfigLocationTests {
    private let directory = SuiteDirectory()

    private func locate(explicit: String? = nil, _ environment: [String: String] = [:]) throws -> ConfigSource? {
        try HostConfig.locate(
            explicit: explicit,
            environment: environment,
            workingDirectory: directory.path("work"),
            systemDirectory: directory.path("etc")
        )
    }

    private func message(explicit: String? = nil, _ environment: [String: String] = [:]) -> String? {
        do {
            _ = try locate(explicit: explicit, environment)
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test func `without a file there is none, and the defaults hold`() throws {
        #expect(try locate() == nil)
        #expect(try locate(["HOME": directory.path("home"), "OSTLER_CONFIG": ""]) == nil)
        let config = try HostConfig.load(
            explicit: nil,
            environment: [:],
            workingDirectory: directory.path("work"),
            systemDirectory: directory.path("etc")
        )
        #expect(config.document == nil)
        #expect(config.tree == HostConfig().tree)
    }

    @Test func `the first that exists wins`() throws {
        directory.write("etc/config.yaml", "")
        #expect(try locate()?.rule == .system)
        directory.write("home/.config/ostler/config.yaml", "")
        #expect(try locate()?.rule == .system)
        #expect(try locate(["HOME": directory.path("home")])?.rule == .user)
        directory.write("xdg/ostler/config.yaml", "")
        let xdg = try locate(["HOME": directory.path("home"), "XDG_CONFIG_HOME": directory.path("xdg")])
        #expect(xdg?.path == directory.path("xdg/ostler/config.yaml"))
        let relative = try locate(["HOME": directory.path("home"), "XDG_CONFIG_HOME": "xdg"])
        #expect(relative?.path == directory.path("home/.config/ostler/config.yaml"))
        directory.write("work/ostler.yaml", "")
        #expect(try locate(["HOME": directory.path("home")])?.rule == .workingDirectory)
        #expect(try locate()?.name == "ostler.yaml")
        directory.write("work/named.yaml", "")
        let named = try locate(["OSTLER_CONFIG": "named.yaml"])
        #expect(named == ConfigSource(rule: .environment, path: directory.path("work/named.yaml"), name: "named.yaml"))
        let explicit = try locate(explicit: directory.path("etc/config.yaml"), ["OSTLER_CONFIG": "named.yaml"])
        #expect(explicit?.rule == .option)
    }

    @Test func `a file that was named must be there`() {
        #expect(
            message(explicit: "no.yaml")
                == "no.yaml: the configuration file does not exist; it was named by --config"
        )
        #expect(
            message(["OSTLER_CONFIG": "/no/such.yaml"])
                == "/no/such.yaml: the configuration file does not exist; it was named by $OSTLER_CONFIG"
        )
        directory.makeDirectory("work/dir")
        #expect(message(explicit: "dir") == "dir: the configuration file is a directory")
        #expect(mkfifo(directory.path("work/fifo"), 0o600) == 0)
        #expect(message(explicit: "fifo") == "fifo: the configuration file is not a regular file")
        #expect(message(explicit: "") == ": the configuration file is a directory")
        #expect(symlink("loop", directory.path("work/loop")) == 0)
        #expect(message(explicit: "loop")?.contains("cannot be read") == true)
    }

    @Test func `a file that was not named is only believed if nobody else can write it`() throws {
        directory.write("work/ostler.yaml", "")
        #expect(chmod(directory.path("work/ostler.yaml"), 0o666) == 0)
        #expect(
            message()
                == "ostler.yaml: the configuration file is not used: every user can write it; "
                + "make it yours and not writable by others, or name it with --config"
        )
        #expect(try locate(explicit: "ostler.yaml") != nil)
        guard geteuid() == 0 else { return }
        #expect(chmod(directory.path("work/ostler.yaml"), 0o644) == 0)
        #expect(chown(directory.path("work/ostler.yaml"), 12345, 12345) == 0)
        #expect(message()?.contains("it belongs to user 12345") == true)
    }

    @Test func `an implicit directory in the place of the file is an error`() {
        directory.makeDirectory("work/ostler.yaml")
        #expect(message() == "ostler.yaml: the configuration file is a directory")
    }

    @Test func `a file that is too large is refused unread`() {
        directory.write("work/ostler.yaml", String(repeating: "#", count: (1 << 20) + 1))
        #expect(message() == "ostler.yaml: the configuration file is larger than 1048576 bytes")
    }

    @Test func `loading names the file as the user knows it`() throws {
        directory.write("work/ostler.yaml", "tasks: {gracee: 1s}\n")
        #expect {
            try HostConfig.load(explicit: nil, environment: [:], workingDirectory: directory.path("work"))
        } throws: { error in
            "\(error)" == #"ostler.yaml:1:9: unknown key "gracee" in tasks; did you mean "grace"?"#
        }
    }
}
