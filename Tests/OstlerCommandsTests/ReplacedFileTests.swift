import Glibc
import OstlerProtocol
import OstlerTestSupport
import Testing

@testable import OstlerCommands

/// Files that are replaced as a whole.
@Suite struct ReplacedFileTests {
    @Test func `Whoever reads sees one text or the other, and never a part`() throws {
        try withTemporaryDirectory { directory in
            let path = directory.file("metrics.prom")
            let file = try ReplacedFile(path)
            let texts = (0..<2).map { [UInt8](repeating: UInt8(ascii: "a") + UInt8($0), count: 100_000 + $0 * 50_000) }
            try file.write(texts[0])
            // Opened before it is replaced: it stays what it was.
            let reader = open(path, O_RDONLY | O_CLOEXEC)
            defer { close(reader) }
            for round in 1...50 {
                try file.write(texts[round % 2])
                #expect(try directory.read("metrics.prom") == texts[round % 2])
            }
            #expect(try contents(ofDescriptor: reader) == texts[0])
            #expect(namesOfDirectory(directory.path) == ["metrics.prom"])
        }
    }

    @Test func `It is for everybody to read, as far as the caller's mask lets it`() throws {
        try withTemporaryDirectory { directory in
            try ReplacedFile(directory.file("report")).write([1])
            var status = stat()
            #expect(stat(directory.file("report"), &status) == 0)
            let mask = umask(0)
            umask(mask)
            #expect(status.st_mode & 0o777 == 0o644 & ~mask)
        }
    }

    @Test func `A link is followed, also for what is written later`() throws {
        try withTemporaryDirectory { directory in
            try directory.write("real", "old")
            try directory.link("link", to: "real")
            try ReplacedFile(directory.file("link")).write(Array("new".utf8))
            #expect(try directory.read("real") == Array("new".utf8))
            var status = stat()
            #expect(lstat(directory.file("link"), &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
        }
    }

    @Test(arguments: ["", "no/such/file", "folder", "file/below"])
    func `What cannot be written is known before anything is`(name: String) throws {
        try withTemporaryDirectory { directory in
            try directory.makeDirectory("folder")
            try directory.write("file", "")
            let failure = #expect(throws: Failure.self) { try ReplacedFile(directory.file(name)) }
            #expect(failure?.code == "file_unwritable" && failure?.hint != nil)
        }
    }

    @Test func `What another program has put in the way is neither followed nor moved into place`() throws {
        try withTemporaryDirectory { directory in
            try directory.write("victim", "untouched")
            let way = "report.\(getpid()).new"
            let file = try ReplacedFile(directory.file("report"))
            try directory.link(way, to: "victim")
            try file.write([1])
            #expect(try directory.read("victim") == Array("untouched".utf8))
            try directory.write(way, "planted")
            let planted = open(directory.file(way), O_RDONLY | O_CLOEXEC)
            defer { close(planted) }
            try file.write([2])
            #expect(try directory.read("report") == [2])
            #expect(try contents(ofDescriptor: planted) == Array("planted".utf8))
        }
    }

    @Test(arguments: [0o600, 0o640, 0o666] as [mode_t])
    func `The mode of what is replaced is kept`(_ mode: mode_t) throws {
        try withTemporaryDirectory { directory in
            try directory.write("report", "old")
            #expect(chmod(directory.file("report"), mode) == 0)
            try ReplacedFile(directory.file("report")).write([1])
            var status = stat()
            #expect(stat(directory.file("report"), &status) == 0 && status.st_mode & 0o777 == mode)
        }
    }
}
