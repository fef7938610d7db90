internal import OstlerJSON

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
            guard let known = known.baseAddress, let text = text.baseAddress else { return true }
            return sameBytes(known + start, text, ends[number + 1] - start)
        }
    }

    /// Of the length, the first eight bytes and the last: names are short and few, and what is left is compared.
    @inline(__always)
    private static func hash(_ text: UnsafeBufferPointer<UInt8>) -> Int {
        let count = text.count
        var hash = UInt64(truncatingIfNeeded: count)
        func mix(_ word: UInt64) {
            hash = (hash ^ word) &* 0x9E37_79B9_7F4A_7C15
            hash ^= hash >> 32
        }
        let raw = UnsafeRawBufferPointer(text)
        if count >= 8 {
            mix(raw.loadUnaligned(fromByteOffset: 0, as: UInt64.self))
            mix(raw.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self))
        } else if count >= 4 {
            let first = UInt64(raw.loadUnaligned(fromByteOffset: 0, as: UInt32.self))
            mix(first << 32 | UInt64(raw.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)))
        } else {
            for byte in raw { mix(UInt64(byte)) }
        }
        return Int(truncatingIfNeeded: hash & 0x7FFF_FFFF)
    }
}
