internal import OstlerProtocol
internal import OstlerTestSupport
internal import Testing

@testable internal import OstlerStore

/// Statements that are prepared once and found again: each use must be as good as the first.
@Suite struct StatementTests {
    private func withConnections(_ body: (SQLiteConnection, SQLiteConnection) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            try directory.write("a.db", "")
            let path = directory.file("a.db")
            let first = try SQLiteConnection(path, patience: 0)
            try first.execute("CREATE TABLE word (id INTEGER PRIMARY KEY, text TEXT UNIQUE, more TEXT)")
            try body(first, try SQLiteConnection(path, patience: 0))
        }
    }

    /// One place in the program: all its calls share a statement.
    private func add(_ id: Int64, _ text: String, to db: SQLiteConnection) throws {
        try db.run("INSERT INTO word (id, text) VALUES (?, ?)", .integer(id), .text(text))
    }

    /// Likewise.
    private func texts(_ db: SQLiteConnection, from id: Int64) throws -> [String] {
        try db.rows("SELECT text FROM word WHERE id >= ? ORDER BY id", .integer(id)) { $0.text(0) }
    }

    @Test func `One place is asked again and again, each time with its own values`() throws {
        try withConnections { db, _ in
            for number in Int64(1)...50 { try add(number, "w\(number)", to: db) }
            #expect(try texts(db, from: 49) == ["w49", "w50"])
            #expect(try texts(db, from: 51).isEmpty)
            #expect(try texts(db, from: 50) == ["w50"])
            #expect(try texts(db, from: 1).count == 50)
        }
    }

    @Test func `A value that is not given is null, and not the one of the call before`() throws {
        try withConnections { db, _ in
            // A value that is bound stays with a statement until it is taken away.
            func keep(_ values: SQLiteValue...) throws {
                _ = try db.rows("INSERT INTO word (id, more) VALUES (?, ?)", values) { $0.int(0) }
            }
            try keep(1, "kept")
            try keep(2)
            let shown = try db.rows("SELECT more FROM word ORDER BY id") { $0.optionalText(0) }
            #expect(shown == ["kept", nil])
        }
    }

    @Test func `Different places with one text, and a text that is made meanwhile, do not get in each other's way`()
        throws
    {
        try withConnections { db, _ in
            try add(1, "one", to: db)
            try add(2, "two", to: db)
            let made = ["SELECT text FROM word", "WHERE id >= ?", "ORDER BY id"].joined(separator: " ")
            var seen: [String] = []
            // The outer rows are still being read while the same question is asked from another place.
            let outer = try db.rows(made, [.integer(1)]) { (row) throws(Failure) -> String in
                seen += try db.rows("SELECT text FROM word WHERE id >= ? ORDER BY id", .integer(2)) { $0.text(0) }
                return row.text(0)
            }
            #expect(outer == ["one", "two"] && seen == ["two", "two"])
            #expect(try texts(db, from: 1) == outer)
        }
    }

    @Test func `A reader that gives up halfway leaves a statement that begins anew`() throws {
        try withConnections { db, other in
            for number in Int64(1)...3 { try add(number, "w\(number)", to: db) }
            func first(failing: Bool) throws -> String? {
                try db.row("SELECT text FROM word ORDER BY id") { (row) throws(Failure) -> String in
                    guard !failing else { throw Failure("given_up", fault: .host, message: "") }
                    return row.text(0)
                }
            }
            #expect(throws: Failure.self) { _ = try first(failing: true) }
            #expect(try first(failing: false) == "w1")
            #expect(try first(failing: false) == "w1")
            // A statement that was left open would keep its read lock, and nobody else could write.
            try add(4, "w4", to: other)
            #expect(try texts(db, from: 4) == ["w4"])
        }
    }

    @Test func `A statement that was refused can be run again`() throws {
        try withConnections { db, _ in
            try add(1, "one", to: db)
            for _ in 0..<2 {
                #expect(storeCode { try add(2, "one", to: db) } == .storeFault)
            }
            try add(2, "two", to: db)
            #expect(try texts(db, from: 1) == ["one", "two"])
            #expect(db.changes == 1 && db.lastInsertedRow == 2)
        }
    }

    @Test func `Each connection has statements of its own for the same place`() throws {
        try withConnections { one, other in
            try add(1, "one", to: one)
            try add(2, "two", to: other)
            #expect(try texts(one, from: 1) == ["one", "two"])
            #expect(try texts(other, from: 1) == ["one", "two"])
        }
    }

    @Test func `A statement outlives a change of the tables that it reads`() throws {
        try withConnections { db, other in
            try add(1, "one", to: db)
            #expect(try texts(db, from: 1) == ["one"])
            try other.execute("ALTER TABLE word ADD COLUMN again TEXT; UPDATE word SET text = 'new'")
            #expect(try texts(db, from: 1) == ["new"])
        }
    }
}
