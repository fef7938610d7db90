internal import Glibc
internal import OstlerProtocol
internal import OstlerStore
internal import OstlerTasks
internal import OstlerTestSupport
internal import Testing

/// The stores there are: what one of them promises, each must keep.
enum StoreKind: String, CaseIterable, CustomTestStringConvertible {
    case memory
    case sqlite

    var testDescription: String { rawValue }

    /// Runs a body with an empty store.
    func withStore<R>(_ body: (any TaskStore) throws -> R) throws -> R {
        switch self {
        case .memory: try body(MemoryTaskStore())
        case .sqlite: try withTemporaryDirectory { try body(SQLiteTaskStore(path: $0.file("store.db"))) }
        }
    }
}

extension SQLiteTaskStore {
    /// Runs a body with an empty store of which nothing waits for a disk.
    static func withQuickStore<R>(_ body: (SQLiteTaskStore) throws -> R) throws -> R {
        var template = Array("/dev/shm/ostler-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw TestSupportFailure("mkdtemp", "/dev/shm") }
        let directory = template.withUnsafeBufferPointer {
            String(decoding: $0.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        defer {
            for name in namesOfDirectory(directory) { unlink(directory + "/" + name) }
            rmdir(directory)
        }
        return try body(SQLiteTaskStore(path: directory + "/store.db"))
    }
}
