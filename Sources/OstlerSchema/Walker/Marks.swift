/// Which members or items of one value some keyword has looked at, for `unevaluatedProperties` and `unevaluatedItems`.
struct Marks {
    /// Off unless somebody will ask, since nobody else should pay.
    let isActive: Bool
    /// Nil rather than empty: what is off is copied often.
    private var bits: [UInt64]?
    private var isAll = false

    init(active: Bool) {
        isActive = active
    }

    mutating func insert(_ ordinal: Int) {
        guard isActive else { return }
        add(1 << UInt64(ordinal & 63), ordinal >> 6)
    }

    mutating func insertAll() {
        isAll = true
    }

    mutating func formUnion(_ other: Marks) {
        guard isActive else { return }
        isAll = isAll || other.isAll
        for (word, value) in (other.bits ?? []).enumerated() { add(value, word) }
    }

    private mutating func add(_ value: UInt64, _ word: Int) {
        var words = bits.take() ?? []
        while words.count <= word { words.append(0) }
        words[word] |= value
        bits = words
    }

    func contains(_ ordinal: Int) -> Bool {
        if isAll { return true }
        guard let bits, ordinal >> 6 < bits.count else { return false }
        return bits[ordinal >> 6] >> UInt64(ordinal & 63) & 1 == 1
    }
}

/// Which of the names that a schema knows have been seen in an object; no memory of its own for the first 64.
struct SeenNames {
    private(set) var low: UInt64 = 0
    private var high: Set<Int> = []

    @inline(__always)
    mutating func insert(_ number: Int) {
        if number < 64 { low |= 1 << UInt64(number) } else { high.insert(number) }
    }

    func contains(_ number: Int) -> Bool {
        number < 64 ? low >> UInt64(number) & 1 == 1 : high.contains(number)
    }
}
