/// A set of code points, as `[a-z]`, `\d`, `.` or `\p{L}` describe one.
struct ScalarClass: Sendable, Equatable {
    /// One part of a set.
    enum Item: Sendable, Equatable {
        case range(ClosedRange<UInt32>)
        case categories([Unicode.GeneralCategory], inverted: Bool)
    }

    private var items: [Item]
    private var inverted: Bool
    /// The answers for the first 128 code points.
    private var low: UInt64 = 0
    private var high: UInt64 = 0

    init(_ items: [Item], inverted: Bool = false) {
        self.items = items
        self.inverted = inverted
        for value in UInt32(0)..<128 where search(value) {
            if value < 64 { low |= 1 << UInt64(value) } else { high |= 1 << UInt64(value - 64) }
        }
    }

    init(_ scalar: UInt32) {
        self.init([.range(scalar...scalar)])
    }

    @inline(__always)
    func contains(_ value: UInt32) -> Bool {
        if value < 64 { return low >> UInt64(value) & 1 == 1 }
        if value < 128 { return high >> UInt64(value - 64) & 1 == 1 }
        return search(value)
    }

    /// Whether no code point is in both; may be false for disjoint classes beyond ASCII.
    func isSurelyDisjoint(with other: ScalarClass) -> Bool {
        low & other.low == 0 && high & other.high == 0 && (isASCII || other.isASCII)
    }

    private var isASCII: Bool {
        !inverted
            && items.allSatisfy { item in
                if case .range(let range) = item { range.upperBound < 128 } else { false }
            }
    }

    private func search(_ value: UInt32) -> Bool {
        let found = items.contains { item in
            switch item {
            case .range(let range): return range.contains(value)
            case .categories(let categories, let inverted):
                guard let scalar = Unicode.Scalar(value) else { return inverted }
                return categories.contains(scalar.properties.generalCategory) != inverted
            }
        }
        return found != inverted
    }

    // MARK: The classes that ECMA-262 names

    static let digits: [Item] = [.range(0x30...0x39)]
    static let word: [Item] = [.range(0x30...0x39), .range(0x41...0x5A), .range(0x5F...0x5F), .range(0x61...0x7A)]
    static let space: [Item] = [
        .range(0x09...0x0D), .range(0x20...0x20), .range(0xA0...0xA0), .range(0x1680...0x1680), .range(0x2000...0x200A),
        .range(0x2028...0x2029), .range(0x202F...0x202F), .range(0x205F...0x205F), .range(0x3000...0x3000),
        .range(0xFEFF...0xFEFF),
    ]
    /// What `.` matches: all but the line terminators.
    static let dot = ScalarClass(
        [.range(0x0A...0x0A), .range(0x0D...0x0D), .range(0x2028...0x2029)],
        inverted: true
    )

    /// The ranges that are not in `items`, which must be ranges in ascending order.
    static func complement(of items: [Item]) -> [Item] {
        var rest: [Item] = []
        var next: UInt32 = 0
        for case .range(let range) in items {
            if range.lowerBound > next { rest.append(.range(next...range.lowerBound - 1)) }
            next = range.upperBound + 1
        }
        rest.append(.range(next...0x10FFFF))
        return rest
    }
}
