import Glibc
import OstlerSandbox
import OstlerSystem
import OstlerTestSupport
import Testing

@Suite struct `Program resolver` {
    private func identity(_ path: String) throws -> FileIdentity {
        var status = stat()
        guard stat(path, &status) == 0 else { throw TestSupportFailure("stat", path) }
        return FileIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    }

    private func real(_ path: String) throws -> String {
        guard let resolved = realpath(path, nil) else { throw TestSupportFailure("realpath", path) }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    @Test(arguments: ["sh", "true", "env"])
    func `a name is found along the path, as the file that it is`(_ name: String) throws {
        let program = try #require(ProgramResolver().resolve(name))
        #expect(program.path == (try real("/usr/bin/\(name)")))
        #expect(program.identity == (try identity("/usr/bin/\(name)")))
    }

    @Test func `a path is taken as it is, whatever the search path`() throws {
        let resolver = ProgramResolver(searchPath: "")
        #expect(resolver.resolve("true") == nil)
        #expect(resolver.resolve("/usr/bin/true")?.identity == (try identity("/usr/bin/true")))
        #expect(resolver.resolve("/usr/bin/../bin/./true")?.identity == (try identity("/usr/bin/true")))
    }

    @Test func `links are followed to their file`() throws {
        // /bin is a link on most machines of today, and a directory of the view on the others.
        #expect(ProgramResolver().resolve("/bin/sh")?.identity == (try identity("/bin/sh")))
        #expect(ProgramResolver().resolve("/bin/sh")?.path == (try real("/bin/sh")))
    }

    @Test(arguments: [
        "", "no-such-program", "/usr/bin/no-such-program", "/no/such/directory/true", "./true", "bin/true", "../true",
        "true/", "/usr/bin/true/", "tr\0ue", "/usr/bin/true\0", "\0", "/", "/usr", "/usr/bin", ".", "..", "/etc/passwd",
        "/dev/null", "/proc/self/exe",
    ])
    func `what is no program of the view is not found`(_ name: String) {
        #expect(ProgramResolver().resolve(name) == nil)
    }

    @Test func `a program outside of the view does not exist in it, whichever way leads there`() throws {
        try withTemporaryDirectory { directory in
            let script = try directory.script("tool", "#!/bin/sh\n")
            #expect(ProgramResolver().resolve(script) == nil)
            #expect(ProgramResolver(searchPath: directory.path).resolve("tool") == nil)
            // A link into the view is not a way to name its file from outside: the file is what counts.
            let link = try directory.link("true", to: "/usr/bin/true")
            #expect(ProgramResolver().resolve(link)?.identity == (try identity("/usr/bin/true")))
            let loop = try directory.link("loop", to: "loop")
            #expect(ProgramResolver().resolve(loop) == nil)
            let dangling = try directory.link("dangling", to: "/usr/bin/no-such-program")
            #expect(ProgramResolver().resolve(dangling) == nil)
        }
    }

    @Test func `a file that nobody may execute is no program, and the search goes on`() throws {
        let data = ["/usr/share/common-licenses/GPL-3", "/usr/share/zoneinfo/UTC", "/usr/lib/os-release"]
        let plain = data.first { path in
            var status = stat()
            return stat(path, &status) == 0 && status.st_mode & 0o111 == 0
        }
        if let plain { #expect(ProgramResolver().resolve(plain) == nil) }
        let resolver = ProgramResolver(searchPath: "/nowhere::relative:/usr/lib:/usr/bin")
        #expect(resolver.resolve("true")?.path == (try real("/usr/bin/true")))
    }

    @Test func `names that begin like a directory of the view are not in it`() throws {
        // /usrlocal is not /usr: nothing below it can be resolved, even if it were there.
        #expect(ProgramResolver().resolve("/usr-not/bin/true") == nil)
        #expect(ProgramResolver().resolve("/library/true") == nil)
    }
}
