import Glibc
import OstlerTestSupport
import Testing

@testable import OstlerConfig

@Suite struct SmallFileTests {
    private let directory = SuiteDirectory()

    private func failure(_ path: String, noFollow: Bool = false, limit: Int = 100) -> SmallFile.Failure? {
        do throws(SmallFile.Failure) {
            _ = try SmallFile.read(directory.path(path), noFollow: noFollow, limit: limit)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [0, 1, 99, 100])
    func `reads up to the limit`(size: Int) throws {
        directory.write("f", String(repeating: "x", count: size))
        #expect(try SmallFile.read(directory.path("f"), limit: 100).bytes.count == size)
    }

    @Test func `reads what is larger than one read`() throws {
        let text = String(repeating: "0123456789", count: 10_000)
        directory.write("f", text)
        #expect(try SmallFile.read(directory.path("f")).bytes == Array(text.utf8))
    }

    @Test func `says why it cannot`() {
        directory.write("f", String(repeating: "x", count: 101))
        directory.makeDirectory("d")
        symlink("f", directory.path("link"))
        symlink("loop", directory.path("loop"))
        #expect(failure("f") == SmallFile.Failure(.tooLarge, "is larger than 100 bytes"))
        #expect(failure("d") == SmallFile.Failure(.notRegular, "is a directory"))
        #expect(failure("none") == SmallFile.Failure(.notFound, "does not exist"))
        #expect(failure("f/below") == SmallFile.Failure(.notFound, "does not exist"))
        #expect(failure("a\0b") == SmallFile.Failure(.notFound, "does not exist"))
        #expect(failure("link", noFollow: true) == SmallFile.Failure(.symbolicLink, "is a symbolic link"))
        #expect(failure("link", limit: 200) == nil)
        #expect(
            failure("loop")
                == SmallFile.Failure(.unreadable, "cannot be read: Too many levels of symbolic links")
        )
        #expect(failure(String(repeating: "x", count: 300))?.kind == .unreadable)
    }

    @Test func `tells owner and mode`() throws {
        directory.write("f", "", mode: 0o662)
        let status = try SmallFile.read(directory.path("f")).status
        #expect(status.owner == geteuid() && status.ownershipFault == nil)
        #expect(status.isRegular && !status.isDirectory && !status.isExecutable && !status.isSticky)
        #expect(status.isWritableByGroup && status.isWritableByOthers)
        #expect(try SmallFile.status(at: directory.root).isDirectory)
        #expect(try SmallFile.status(at: "/tmp").isSticky)
        #expect(throws: SmallFile.Failure.self) { try SmallFile.status(at: directory.path("none")) }
    }

    @Test func `leaves no descriptor open`() throws {
        directory.write("f", "x")
        directory.makeDirectory("d")
        let before = open("/dev/null", O_RDONLY | O_CLOEXEC)
        close(before)
        for _ in 0..<2_000 {
            _ = failure("f")
            _ = failure("d")
            _ = failure("f", limit: 0)
        }
        let after = open("/dev/null", O_RDONLY | O_CLOEXEC)
        close(after)
        // Other tests open files at the same time; a leak would be thousands.
        #expect(after < before + 500)
    }
}
