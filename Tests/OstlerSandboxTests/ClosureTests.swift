import Glibc
import OstlerSystem
import OstlerTestSupport
import Testing

@testable import OstlerSandbox

@Suite struct `Closures of programs` {
    private func closure(_ names: String..., blocked: Set<FileIdentity> = []) -> ProgramClosure {
        var builder = ClosureBuilder(blocked: blocked)
        for (place, name) in names.enumerated() { builder.add(program: name, place: place) }
        return builder.closure
    }

    /// What the loader itself says that a program maps.
    private func mapped(_ program: String) throws -> Set<String> {
        let child = popen("ldd \(program)", "r")
        defer { pclose(child) }
        var text = [UInt8](repeating: 0, count: 1 << 16)
        let count = fread(&text, 1, text.count, child)
        let words = String(decoding: text.prefix(count), as: UTF8.self).split { $0 == " " || $0 == "\n" || $0 == "\t" }
        return Set(try words.filter { $0.hasPrefix("/") }.map { try real(String($0)) })
    }

    private func real(_ path: String) throws -> String { try #require(ViewPath.follow(path)).path }

    @Test(arguments: ["/bin/sh", "/bin/ls", "/usr/bin/python3", "/usr/bin/git", "/usr/bin/tar", "/usr/bin/env"])
    func `it holds what the loader maps`(_ program: String) throws {
        let closure = closure(program)
        let paths = Set(closure.files.map(\.path))
        #expect(closure.problems.isEmpty)
        #expect(paths.isSuperset(of: try mapped(program)))
        #expect(paths.contains(try real(program)))
        #expect(closure.files.first { $0.program == 0 }?.path == (try real(program)))
    }

    @Test func `only what is started may be executed`() throws {
        let closure = closure("sh", "ls")
        let executable = Set(closure.files.filter(\.isExecutable).map(\.path))
        let loader = try #require(closure.files.first { $0.path.contains("/ld-linux") }).path
        #expect(executable == [try real("/bin/sh"), try real("/bin/ls"), loader])
        #expect(closure.directories.isEmpty)
        #expect(closure.links["/usr/bin/sh"] == "dash")
    }

    @Test func `the interpreter of a script comes along, and its modules`() throws {
        // A script of Debian's perl-base or perl that is always there with perl.
        let scripts: [String] = ["/usr/bin/deb-systemd-invoke", "/usr/bin/perldoc"]
        let script = try #require(scripts.first { access($0, X_OK) == 0 })
        let closure = closure(script)
        #expect(closure.bundles == ["perl"])
        #expect(closure.files.contains { $0.path.hasPrefix("/usr/bin/perl") && $0.isExecutable })
    }

    @Test func `what is blocked is not in it, whoever needs it`() throws {
        let shell = try #require(ViewPath.follow("/bin/sh")).status.stamp.identity
        #expect(closure("sh", blocked: [shell]).files.isEmpty)
        let libc = try #require(closure("ls").files.first { $0.path.hasSuffix("/libc.so.6") })
        let broken = closure("ls", blocked: [libc.stamp.identity])
        #expect(!broken.files.contains { $0.path == libc.path })
        #expect(broken.problems.contains { $0.hasSuffix("needs \(libc.path), which is blocked") })
    }

    @Test func `names that lead nowhere add nothing`() {
        #expect(closure("no-such-program", "/etc/passwd", "").files.isEmpty)
    }
}

@Suite struct `Where libraries are found` {
    private func elf(own: [String] = [], skipsDefaults: Bool = false) throws -> ELFFile {
        let file = open("/bin/true", O_RDONLY | O_CLOEXEC)
        defer { close(file) }
        var elf = try ELFFile(reading: file)
        elf.ownPath = own
        elf.skipsDefaults = skipsDefaults
        return elf
    }

    private func find(_ elf: ELFFile, inherited: [String] = [], among paths: Set<String>) -> [String] {
        let search = LibrarySearch(cache: LoaderCache(parsing: [])) { paths.contains($0) }
        return search.find("libx.so", for: .init(origins: ["/opt/bin"], elf: elf, inherited: inherited))
    }

    @Test func `an own path goes before the defaults and puts out the inherited`() throws {
        let all: Set = ["/own/libx.so", "/inherited/libx.so", "/usr/lib/libx.so"]
        #expect(find(try elf(own: ["/none", "/own"]), inherited: ["/inherited"], among: all) == ["/own/libx.so"])
        #expect(find(try elf(own: ["/none"]), inherited: ["/inherited"], among: all) == ["/usr/lib/libx.so"])
        #expect(find(try elf(), inherited: ["/inherited"], among: all) == ["/inherited/libx.so"])
        #expect(find(try elf(skipsDefaults: true), among: all) == [])
    }

    @Test func `the loader's variables stand for what the loader puts there`() throws {
        let all: Set = ["/opt/bin/../lib/libx.so"]
        #expect(find(try elf(own: ["$ORIGIN/../lib"]), among: all) == Array(all))
        #expect(find(try elf(own: ["${ORIGIN}/../$LIB"]), among: all) == Array(all))
    }
}

@Suite struct `Files that are no programs` {
    @Test(arguments: [[], [0x7F], Array("\u{7F}ELF".utf8), [UInt8](repeating: 0xFF, count: 200)])
    func `are no ELF files`(_ bytes: [UInt8]) throws {
        try withTemporaryDirectory { directory in
            let path = try directory.write("file", bytes)
            let file = open(path, O_RDONLY | O_CLOEXEC)
            defer { close(file) }
            #expect(throws: ELFFile.Problem.self) { try ELFFile(reading: file) }
        }
    }

    /// Every byte of the head and of the tables in turn is made another: the reader answers or refuses, and never reads
    /// beyond.
    @Test func `a damaged program is read or refused`() throws {
        let whole = try contents(ofFile: "/bin/true")
        try withTemporaryDirectory { directory in
            for position in 0..<min(1024, whole.count) {
                var damaged = whole
                damaged[position] ^= 0xFF
                let path = try directory.write("damaged", damaged)
                let file = open(path, O_RDONLY | O_CLOEXEC)
                defer { close(file) }
                do throws(ELFFile.Problem) {
                    _ = try ELFFile(reading: file)
                } catch {
                    #expect(error != .notELF || position < 4)
                }
            }
        }
    }

    @Test func `a cache of the loader that is cut short says less`() throws {
        let whole = try contents(ofFile: "/etc/ld.so.cache")
        #expect(!LoaderCache(parsing: whole).candidates("libc.so.6").isEmpty)
        for length in stride(from: 0, to: whole.count, by: 997) {
            _ = LoaderCache(parsing: Array(whole.prefix(length)))
        }
        #expect(LoaderCache(parsing: []).candidates("libc.so.6").isEmpty)
    }
}

@Suite struct `Files that are blocked` {
    @Test func `every file of the name, and programs that are many in one and offer it`() throws {
        let files = BlockedFiles(["rm"]).files.map(\.path)
        #expect(files.contains(try #require(ViewPath.follow("/bin/rm")).path))
        #expect(files.contains(try #require(ViewPath.follow("/usr/bin/busybox")).path))
        #expect(!BlockedFiles(["no-such-applet"]).files.contains { $0.path.hasSuffix("/busybox") })
        #expect(BlockedFiles([]).files.isEmpty)
        #expect(BlockedFiles([]).places.isEmpty)
    }

    @Test func `hard links are found wherever the view shows them`() throws {
        // Debian's perl has two names.
        let perl = try #require(ViewPath.follow("/usr/bin/perl"))
        try #require(perl.status.links > 1)
        let names = BlockedFiles(["perl"]).withLinks(in: ["/usr"]).map(\.path)
        #expect(UInt64(names.count { FileStatus(of: $0)?.stamp.identity == perl.status.stamp.identity }) > 1)
    }
}
