import OstlerJSON

/// Turns offsets in a document into pointers, in one walk.
struct PointerFinder {
    /// Ascending; those that are still to be found.
    private var wanted: ArraySlice<Int>
    private var found: [JSONPointer] = []
    /// Where the walk is, for offsets in a document that is broken.
    private var deepest = JSONPointer.root

    /// The pointers to the values, or to the members whose keys stand, at these offsets, which must ascend.
    static func pointers(to offsets: [Int], in document: UnsafeBufferPointer<UInt8>) -> [JSONPointer] {
        var finder = PointerFinder(wanted: offsets[...])
        var reader = JSONReader(document)
        try? finder.visit(&reader, .root)
        while finder.found.count < offsets.count { finder.found.append(finder.deepest) }
        return finder.found
    }

    private init(wanted: ArraySlice<Int>) {
        self.wanted = wanted
    }

    private mutating func take(upTo offset: Int, _ pointer: JSONPointer) {
        while let next = wanted.first, next <= offset {
            wanted.removeFirst()
            found.append(pointer)
        }
    }

    private mutating func visit(_ reader: inout JSONReader, _ pointer: JSONPointer) throws(JSONError) {
        deepest = pointer
        let kind = try reader.peek()
        take(upTo: reader.index, pointer)
        switch kind {
        case .object:
            try reader.beginObject()
            while !wanted.isEmpty, let key = try reader.nextKey() {
                guard let next = wanted.first else { return }
                if next <= key.range.upperBound {
                    take(upTo: key.range.upperBound, pointer.member(reader.string(of: key)))
                }
                if !isPast(&reader) { try visit(&reader, pointer.member(reader.string(of: key))) }
            }
        case .array:
            var index = 0
            try reader.beginArray()
            while !wanted.isEmpty, try reader.nextElement() {
                if !isPast(&reader) { try visit(&reader, pointer.element(index)) }
                index += 1
            }
        default: _ = try reader.skipValue()
        }
    }

    /// Moves over the next value and tells true, unless something that is wanted lies in it, or it is broken.
    private func isPast(_ reader: inout JSONReader) -> Bool {
        var probe = reader
        guard (try? probe.skipValue()) != nil, let next = wanted.first, next >= probe.index else {
            return wanted.isEmpty
        }
        reader = probe
        return true
    }
}
