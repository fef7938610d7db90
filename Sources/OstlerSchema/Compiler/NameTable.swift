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
            let range = ends[number]..<ends[number + 1]
            var slot = bytes.withUnsafeBufferPointer { Self.hash(UnsafeBufferPointer(rebasing: $0[range])) } & mask
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

    /// Eight bytes at a time: names are short, and a multiplication for each byte would cost more than the rest.
    @inline(__always)
    private static func hash(_ text: UnsafeBufferPointer<UInt8>) -> Int {
        var hash = UInt64(truncatingIfNeeded: text.count)
        var offset = 0
        while offset < text.count {
            var word: UInt64 = 0
            for byte in offset..<min(offset + 8, text.count) { word = word << 8 | UInt64(text[byte]) }
            hash = (hash ^ word) &* 0x9E37_79B9_7F4A_7C15
            hash ^= hash >> 32
            offset += 8
        }
        return Int(truncatingIfNeeded: hash & 0x7FFF_FFFF)
    }
}
