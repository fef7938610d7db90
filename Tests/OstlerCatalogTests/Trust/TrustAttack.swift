import Glibc
import OstlerConfig
import OstlerTestSupport
import Testing

@testable import OstlerCatalog
@testable import OstlerTrust

/// One way to get something past the user, and what it is refused with.
struct TrustAttack: Sendable, CustomTestStringConvertible {
    /// What the attacker does.
    let name: String
    /// When it is noticed.
    let moment: Moment
    /// What refuses it.
    let code: String
    /// Does it, and tells the code of the refusal; nil if it goes through.
    let run: @Sendable (TrustBench) throws -> String?

    enum Moment: String {
        case add
        case load = "each run"
        case start = "start of the plugin"
    }

    var testDescription: String { name }

    private init(
        _ name: String,
        _ moment: Moment,
        _ code: String,
        _ run: @escaping @Sendable (TrustBench) throws -> String?
    ) {
        self.name = name
        self.moment = moment
        self.code = code
        self.run = run
    }

    static let all = folders + archives + signatures + installed + locks + grants

    // MARK: A folder that is offered

    private static func folder(
        _ name: String,
        _ code: String,
        _ change: @escaping @Sendable (TemporaryDirectory) throws -> Void
    ) -> TrustAttack {
        TrustAttack(name, .add, code) { bench in
            try change(bench.directory)
            return try refusal { try bench.add() }
        }
    }

    private static let folders = [
        folder("a folder in it is a link to another", "symbolic_link") { try $0.link("source/lib", to: "/etc") },
        folder("a file in it is a hard link to one of the user's", "hard_link") { directory in
            let secret = try directory.write("home/secret", "key\n")
            try #require(link(secret, directory.file("source/notes")) == 0)
        },
        folder("a FIFO in it, at which reading waits for ever", "special_file") { directory in
            try #require(mkfifo(directory.file("source/fifo"), 0o644) == 0)
        },
        folder("a setuid program in it", "setuid_file") { directory in
            try #require(chmod(directory.file("source/bin/tool"), 0o4755) == 0)
        },
        folder("a folder in it that every user can write", "unsafe_permissions") { directory in
            try #require(chmod(directory.file("source/bin"), 0o777) == 0)
        },
        folder("names that are one to other file systems: case, composed letters", "twin_names") { directory in
            try directory.write("source/r\u{E9}sum\u{E9}", "")
            try directory.write("source/RE\u{301}SUME\u{301}", "")
        },
        folder("a name with an end of line, which forges a line of the sums", "unsafe_path") { directory in
            try directory.write("source/a\nb", "")
        },
        folder("a program outside of the folder", "invalid_manifest") { directory in
            let text = String(decoding: try directory.read("source/plugin.yaml"), as: UTF8.self)
            try directory.write("source/plugin.yaml", text.replacing("bin/tool", with: "bin/../../tool"))
        },
    ]

    // MARK: An archive that is offered

    private static func archive(
        _ name: String,
        _ code: String,
        _ make: @escaping @Sendable (inout TarBuilder) throws -> [UInt8]?
    ) -> TrustAttack {
        TrustAttack(name, .add, code) { bench in
            var builder = TarBuilder()
            builder.addPlugin()
            try bench.directory.write("tool.tar.gz", try make(&builder) ?? builder.packed())
            return try refusal { try bench.add("tool.tar.gz") }
        }
    }

    private static let archives = [
        archive("an archive with ../ in a path", "archive_path_outside") { tar in
            tar.add("bin/../../evil")
            return nil
        },
        archive("an archive with an absolute path", "archive_absolute_path") { tar in
            tar.add("/tmp/evil")
            return nil
        },
        archive("an archive with one name twice", "archive_duplicate") { tar in
            tar.add("bin/tool", "#!/bin/sh\nevil\n", mode: 0o755)
            return nil
        },
        archive("an archive with a link, and a file below it", "archive_link") { tar in
            tar.add("lib", kind: "2", target: "/tmp")
            tar.add("lib/evil")
            return nil
        },
        archive("an archive with a device", "archive_device") { tar in
            tar.add("disk", kind: "4")
            return nil
        },
        archive("an archive with a sparse file", "archive_unsupported") { tar in
            tar.add("sparse", kind: "S")
            return nil
        },
        archive("an archive that is cut off", "archive_truncated") { tar in Array(try tar.packed().dropLast(20)) },
        archive("an archive with something behind its end", "archive_invalid") { tar in try tar.packed() + [1, 2, 3] },
        archive("an archive that unpacks to a thousand times its size", "archive_bomb") { tar in
            try tar.packedWithZeros(megabytes: 32)
        },
    ]

    // MARK: A signature

    private static func signature(
        _ name: String,
        _ code: String,
        _ change: @escaping @Sendable (TrustBench) throws -> Void
    ) -> TrustAttack {
        TrustAttack(name, .add, code) { bench in
            let key = try bench.makeKey("publisher")
            try bench.sign("source", by: "publisher")
            try change(bench)
            return try refusal { try bench.add(key: key) }
        }
    }

    private static let signatures = [
        signature("a byte of a signed file changed", "sums_mismatch") { bench in
            try bench.write("source", program: "exit 1")
        },
        signature("the signature of an older version, with a new list of sums", "signature_mismatch") { bench in
            try bench.write("source", program: "exit 1")
            let sums = try PluginTree(bench.directory.file("source")).sums().sums
            try bench.directory.write("source/plugin.sums", sums.text)
        },
        signature("another's signature", "wrong_key") { bench in
            _ = try bench.makeKey("other")
            try bench.sign("source", by: "other")
        },
        signature("the signature left out", "signature_missing") { bench in
            try #require(unlink(bench.directory.file("source/plugin.sums.minisig")) == 0)
        },
        signature("a signature of another format", "signature_malformed") { bench in
            try bench.directory.write("source/plugin.sums.minisig", "-----BEGIN PGP SIGNATURE-----\n")
        },
        signature("the comment of a signature changed", "signature_comment") { bench in
            let text = String(decoding: try bench.directory.read("source/plugin.sums.minisig"), as: UTF8.self)
            try bench.directory.write(
                "source/plugin.sums.minisig",
                text.replacing("trusted comment: tool", with: "trusted comment: good")
            )
        },
    ]

    // MARK: What is installed

    private static func installed(
        _ name: String,
        _ code: String,
        _ change: @escaping @Sendable (TrustBench, _ place: String) throws -> Void
    ) -> TrustAttack {
        TrustAttack(name, .load, code) { bench in
            try bench.add()
            try change(bench, try bench.place())
            let catalog = try bench.load()
            try #require(catalog.plugins.isEmpty)
            return catalog.rejected.first?.code.rawValue
        }
    }

    private static let installed = [
        installed("a byte of an installed file changed, size and times as before", "file_changed") { bench, place in
            bench.makeWritable(place + "/bin/tool")
            var status = stat()
            try #require(stat(place + "/bin/tool", &status) == 0)
            let path = String(place.dropFirst(bench.directory.path.utf8.count + 1)) + "/bin/tool"
            try bench.directory.write(path, "#!/bin/sh\nexit 1\n", mode: 0o555)
            var times = [status.st_atim, status.st_mtim]
            try #require(utimensat(AT_FDCWD, place + "/bin/tool", &times, 0) == 0)
        },
        installed("a file added to an installed plugin", "file_added") { bench, place in
            bench.makeWritable(place)
            let path = String(place.dropFirst(bench.directory.path.utf8.count + 1)) + "/sitecustomize.py"
            try bench.directory.write(path, "")
        },
        installed("a file of an installed plugin removed", "file_missing") { bench, place in
            bench.makeWritable(place + "/bin")
            try bench.directory.write("data/keep", "")
            try #require(rename(place + "/bin/tool", bench.directory.file("data/keep")) == 0)
            try #require(symlink("x", place + "/bin/y") == 0 && unlink(place + "/bin/y") == 0)
        },
        installed("an installed plugin replaced by a link to another folder", "store_entry_replaced") { bench, place in
            try #require(rename(place, bench.directory.file("evil")) == 0)
            try #require(symlink(bench.directory.file("evil"), place) == 0)
        },
        installed("the store replaced by a link", "store_unsafe") { bench, _ in
            let store = bench.installer.store.path
            try #require(rename(store, store + "2") == 0 && symlink(store + "2", store) == 0)
        },
        TrustAttack("the folder exchanged between the check and the start", .start, "changed_before_start") { bench in
            try bench.add()
            let plugin = try #require(try bench.load().plugins.first)
            let place = try bench.place()
            try bench.write("evil", program: "exit 1")
            try #require(rename(place, place + "-old") == 0 && rename(bench.directory.file("evil"), place) == 0)
            return try refusal { try plugin.check() }
        },
    ]

    // MARK: plugins.lock

    private static func lock(
        _ name: String,
        _ code: String,
        _ change: @escaping @Sendable (TrustBench) throws -> Void
    ) -> TrustAttack {
        TrustAttack(name, .load, code) { bench in
            try bench.add()
            try change(bench)
            return try refusal { _ = try bench.load() }
        }
    }

    private static let lockName = "config/ostler/plugins.lock"

    private static let locks = [
        lock("plugins.lock edited to grant more", "lock_edited") { bench in
            let text = String(decoding: try bench.directory.read(lockName), as: UTF8.self)
            let edited = text.replacing(#""granted":["launch"]"#, with: #""granted":["file:/etc:rw","launch"]"#)
            try #require(edited != text)
            try bench.directory.write(lockName, edited, mode: 0o600)
        },
        lock("plugins.lock replaced by a link", "lock_is_link") { bench in
            try #require(rename(bench.lockPath, bench.directory.file("elsewhere")) == 0)
            try #require(symlink(bench.directory.file("elsewhere"), bench.lockPath) == 0)
        },
        lock("plugins.lock that every user can write", "lock_unsafe") { bench in
            try #require(chmod(bench.lockPath, 0o666) == 0)
        },
        lock("plugins.lock cut off", "lock_malformed") { bench in
            try bench.directory.write(lockName, Array(try bench.directory.read(lockName).dropLast(40)), mode: 0o600)
        },
    ]

    // MARK: What was granted

    private static let grants = [
        TrustAttack("an older version in the place of a newer one", .add, "downgrade") { bench in
            try bench.write("source", version: "1.10.0")
            try bench.add()
            try bench.write("source", version: "1.9.0")
            return try refusal { try bench.add() }
        },
        TrustAttack("a manifest edited to ask for more than was granted", .load, "needs_more") { bench in
            try bench.write("work/.ostler/plugins/tool")
            try bench.trust("work/.ostler/plugins")
            try bench.write("work/.ostler/plugins/tool", needs: "launch: true, files: [{path: /etc, access: rw}]")
            return try bench.load().rejected.first?.code.rawValue
        },
        TrustAttack("a plugin in a working directory that was got from others", .load, "untrusted") { bench in
            try bench.write("work/.ostler/plugins/tool")
            return try bench.load().rejected.first?.code.rawValue
        },
        TrustAttack("a blocked plugin by another name", .load, "blocked") { bench in
            let entry = try bench.add()
            try bench.installer.block("sha256:" + entry.digest)
            return try bench.load().rejected.first?.code.rawValue
        },
    ]
}
