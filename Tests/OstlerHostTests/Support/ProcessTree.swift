import OstlerTestSupport

/// What /proc says of the processes below one process.
enum ProcessTree {
    /// One process, told from a later one with the same number by its start.
    struct Entry: Hashable, CustomStringConvertible {
        let process: Int32
        let start: String
        let name: String

        var description: String { "\(process) (\(name))" }

        /// Whether this very process is still there and has not ended.
        var isRunning: Bool { ProcessTree.entry(process)?.entry == self && isAlive(process) }

        /// Whether a signal has stopped it.
        var isStopped: Bool { ProcessTree.fields(process)?.fields.first == "T" }
    }

    /// All descendants of a process, without itself.
    static func descendants(of ancestor: Int32) -> Set<Entry> {
        var children: [Int32: [Entry]] = [:]
        for name in namesOfDirectory("/proc") {
            guard let number = Int32(name), let (entry, parent) = entry(number) else { continue }
            children[parent, default: []].append(entry)
        }
        var found: Set<Entry> = []
        var waiting = [ancestor]
        while let next = waiting.popLast() {
            for child in children[next] ?? [] where found.insert(child).inserted { waiting.append(child.process) }
        }
        return found
    }

    static func entry(_ process: Int32) -> (entry: Entry, parent: Int32)? {
        guard let (name, fields) = fields(process), fields.count > 19, let parent = Int32(fields[1]) else { return nil }
        return (Entry(process: process, start: String(fields[19]), name: name), parent)
    }

    /// The name of a process, and what /proc says behind it: state, ppid …; starttime is the twentieth.
    private static func fields(_ process: Int32) -> (name: String, fields: [Substring])? {
        guard let bytes = try? contents(ofFile: "/proc/\(process)/stat") else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        // The name may hold anything.
        guard let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: close)...].split(separator: " ")
        return (String(text[text.index(after: open)..<close]), fields)
    }
}
