/// Whether two stretches of memory hold the same bytes.
///
/// Names of members are compared more often than anything else, and they are short: a few words at a time, without a call.
@inline(__always)
package func sameBytes(_ left: UnsafePointer<UInt8>, _ right: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    let (left, right) = (UnsafeRawPointer(left), UnsafeRawPointer(right))
    func differ<Word: FixedWidthInteger & BitwiseCopyable>(_: Word.Type, at offset: Int) -> Bool {
        left.loadUnaligned(fromByteOffset: offset, as: Word.self)
            != right.loadUnaligned(fromByteOffset: offset, as: Word.self)
    }
    // The last word reaches back over bytes that have been compared, so that none is left over.
    if count >= 8 {
        var offset = 0
        while offset < count - 8 {
            if differ(UInt64.self, at: offset) { return false }
            offset += 8
        }
        return !differ(UInt64.self, at: count - 8)
    }
    if count >= 4 { return !differ(UInt32.self, at: 0) && !differ(UInt32.self, at: count - 4) }
    for offset in 0..<count where differ(UInt8.self, at: offset) { return false }
    return true
}
