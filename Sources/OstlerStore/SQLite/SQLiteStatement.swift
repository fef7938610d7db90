internal import CSQLite
internal import OstlerProtocol

/// What a column holds.
enum SQLiteValue: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral, ExpressibleByNilLiteral {
    case null
    case integer(Int64)
    case text(String)
    case bytes([UInt8])

    init(integerLiteral value: Int64) { self = .integer(value) }
    init(stringLiteral value: String) { self = .text(value) }
    init(nilLiteral: ()) { self = .null }

    init(_ value: Int64?) { self = value.map(Self.integer) ?? .null }
    init(_ value: Int) { self = .integer(Int64(value)) }
    init(_ value: Bool) { self = .integer(value ? 1 : 0) }
    init(_ value: String?) { self = value.map(Self.text) ?? .null }
    init(_ value: [UInt8]?) { self = value.map(Self.bytes) ?? .null }
    init(_ value: TaskID) { self = .integer(value.rawValue) }
    init(_ value: WorkerID?) { self = value.map { .integer($0.rawValue) } ?? .null }
}

/// A statement of a connection. Columns count from 0.
final class SQLiteStatement {
    private let pointer: OpaquePointer
    private unowned let connection: SQLiteConnection

    init(_ pointer: OpaquePointer, of connection: SQLiteConnection) {
        self.pointer = pointer
        self.connection = connection
    }

    func finalize() { sqlite3_finalize(pointer) }

    func reset() {
        sqlite3_reset(pointer)
        sqlite3_clear_bindings(pointer)
    }

    /// - Returns: whether there is a row.
    func step() throws(Failure) -> Bool {
        let code = sqlite3_step(pointer)
        if code == SQLITE_ROW { return true }
        guard code == SQLITE_DONE else { throw connection.failure(code) }
        return false
    }

    func bind(_ values: [SQLiteValue]) throws(Failure) {
        // SQLite copies what it is given before the call returns.
        let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        for (place, value) in values.enumerated() {
            let index = Int32(place + 1)
            let code =
                switch value {
                case .null: sqlite3_bind_null(pointer, index)
                case .integer(let number): sqlite3_bind_int64(pointer, index, number)
                case .text(let text):
                    sqlite3_bind_text64(
                        pointer,
                        index,
                        text,
                        UInt64(text.utf8.count),
                        transient,
                        UInt8(SQLITE_UTF8)
                    )
                case .bytes(let bytes):
                    bytes.isEmpty
                        ? sqlite3_bind_zeroblob(pointer, index, 0)
                        : sqlite3_bind_blob64(pointer, index, bytes, UInt64(bytes.count), transient)
                }
            try connection.check(code)
        }
    }

    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(pointer, column) == SQLITE_NULL }

    func int(_ column: Int32) -> Int64 { sqlite3_column_int64(pointer, column) }

    func optionalInt(_ column: Int32) -> Int64? { isNull(column) ? nil : int(column) }

    func bool(_ column: Int32) -> Bool { int(column) != 0 }

    func text(_ column: Int32) -> String {
        guard let text = sqlite3_column_text(pointer, column) else { return "" }
        let count = Int(sqlite3_column_bytes(pointer, column))
        return String(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self)
    }

    func optionalText(_ column: Int32) -> String? { isNull(column) ? nil : text(column) }

    func bytes(_ column: Int32) -> [UInt8] {
        guard let bytes = sqlite3_column_blob(pointer, column) else { return [] }
        let count = Int(sqlite3_column_bytes(pointer, column))
        return Array(UnsafeRawBufferPointer(start: bytes, count: count))
    }

    func optionalBytes(_ column: Int32) -> [UInt8]? { isNull(column) ? nil : bytes(column) }

    /// A word of a closed set.
    func word<E: RawRepresentable<String>>(_ column: Int32, _: E.Type = E.self) throws(Failure) -> E {
        guard let word = E(rawValue: text(column)) else {
            throw SQLiteFailure.corrupt(connection.path, "\(text(column)) is no \(E.self)")
        }
        return word
    }

    func optionalWord<E: RawRepresentable<String>>(_ column: Int32, _: E.Type = E.self) throws(Failure) -> E? {
        isNull(column) ? nil : try word(column)
    }
}
