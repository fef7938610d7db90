/// A fixed set of strings that is asked by bytes: which of them is this one?
struct NameTable: Sendable {
    private(set) var names: [String] = []
    private var bytes: [UInt8] = []
    /// Where each name ends in `bytes`; it begins where the one before ends.
    private var ends: [Int] = [0]
    /// Open addressing: a number of a name plus one, or zero. Empty until ``seal()``.
    private var slots: [UInt32] = []
    private var mask = 0

    init() {}

    init(_ names: some Sequence<String>) {
        for name in names { insert(name) }
        seal()
    }

    /// Adds a name if it is new, and gives its number.
    @discardableResult
    mutating func insert(_ name: String) -> Int {
        if let known = names.firstIndex(where: { $0.utf8.elementsEqual(name.utf8) }) { return known }
        names.append(name)
        bytes.append(contentsOf: name.utf8)
        ends.append(bytes.count)
        return names.count - 1
    }

    /// Makes the table ready for ``number(of:)``.
    mutating func seal() {
        var capacity = 2
        while capacity < names.count * 2 { capacity *= 2 }
        slots = Array(repeating: 0, count: capacity)
        mask = capacity - 1
        for number in names.indices {
            var slot = Self.hash(bytes[ends[number]..<ends[number + 1]]) & mask
            while slots[slot] != 0 { slot = (slot + 1) & mask }
            slots[slot] = UInt32(number + 1)
        }
    }

    /// The number of the name with these bytes.
    func number(of text: UnsafeBufferPointer<UInt8>) -> Int? {
        guard !names.isEmpty else { return nil }
        var slot = Self.hash(text) & mask
        while slots[slot] != 0 {
            let number = Int(slots[slot]) - 1
            if equals(number, text) { return number }
            slot = (slot + 1) & mask
        }
        return nil
    }

    private func equals(_ number: Int, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
        let start = ends[number]
        guard ends[number + 1] - start == text.count else { return false }
        return bytes.withUnsafeBufferPointer { known in
            for offset in 0..<text.count where known[start + offset] != text[offset] { return false }
            return true
        }
    }

    @inline(__always)
    private static func hash(_ text: some Collection<UInt8>) -> Int {
        var hash: UInt32 = 0x811C_9DC5
        for byte in text { hash = (hash ^ UInt32(byte)) &* 0x0100_0193 }
        return Int(hash ^ hash >> 15)
    }
}
