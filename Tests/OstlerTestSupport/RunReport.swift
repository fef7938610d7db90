internal import Glibc
internal import Synchronization

/// A table that a test run leaves in `.build/reports`: what became of each case, and how long it took. Nothing is asserted
/// by the times.
public final class RunReport: Sendable {
    private struct Row {
        var cells: [String]
        var milliseconds: Int64
    }

    private let path: String
    public let columns: [String]
    private let rows: Mutex<[Row]>

    /// - Parameter columns: the heads of the cells; the first cell is the name of its case, and the time comes behind them.
    public init(_ name: String, columns: [String]) {
        path = Surroundings.packageRoot() + "/.build/reports/\(name).md"
        self.columns = columns
        rows = Mutex(Self.read(path, columns.count))
    }

    /// Adds a case, or replaces what an earlier run said of it.
    public func add(_ cells: [String], _ time: Duration) throws {
        let row = Row(
            cells: cells,
            milliseconds: time.components.seconds * 1000 + time.components.attoseconds / 1_000_000_000_000_000
        )
        let text = rows.withLock { rows in
            if let index = rows.firstIndex(where: { $0.cells[0] == cells[0] }) {
                rows[index] = row
            } else {
                rows.append(row)
            }
            return "| " + (columns + ["ms"]).joined(separator: " | ") + " |\n|"
                + String(repeating: "---|", count: columns.count + 1) + "\n"
                + rows.map { "| " + ($0.cells + ["\($0.milliseconds)"]).joined(separator: " | ") + " |\n" }.joined()
        }
        _ = mkdir(Surroundings.packageRoot() + "/.build/reports", 0o755)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw TestSupportFailure("open", path) }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard write(descriptor, bytes, bytes.count) == bytes.count else { throw TestSupportFailure("write", path) }
    }

    /// How long a case took in the last run that had it.
    public func milliseconds(of name: String) -> Int64? {
        rows.withLock { $0.first { $0.cells[0] == name }?.milliseconds }
    }

    private static func read(_ path: String, _ count: Int) -> [Row] {
        guard let bytes = try? contents(ofFile: path) else { return [] }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").dropFirst(2).compactMap { line in
            let cells = line.dropFirst(2).dropLast(2).split(separator: " | ", omittingEmptySubsequences: false)
            guard cells.count == count + 1, let milliseconds = cells.last.flatMap({ Int64($0) }) else { return nil }
            return Row(cells: cells.dropLast().map(String.init), milliseconds: milliseconds)
        }
    }
}
