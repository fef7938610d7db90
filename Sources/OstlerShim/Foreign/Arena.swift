internal import Glibc

/// Memory that lives as long as one task: what a library was given by pointer may be looked at by a later call.
final class Arena {
    private var blocks: [UnsafeMutableRawPointer] = []
    private var endings: [() -> Void] = []

    deinit {
        for ending in endings.reversed() { ending() }
        for block in blocks { free(block) }
    }

    /// Zeroed memory for `bytes` bytes, aligned for every type.
    func allocate(_ bytes: Int) -> UnsafeMutableRawPointer {
        guard let block = calloc(1, max(bytes, 16)) else { fatalError("no memory is left for \(bytes) bytes") }
        blocks.append(block)
        return block
    }

    /// A copy with a NUL behind it.
    func copy(_ bytes: some Collection<UInt8>) -> UnsafeMutableRawPointer {
        let block = allocate(bytes.count + 1)
        UnsafeMutableRawBufferPointer(start: block, count: bytes.count).copyBytes(from: bytes)
        return block
    }

    /// Does something when the memory is given back, the last first.
    func atEnd(_ ending: @escaping () -> Void) {
        endings.append(ending)
    }
}
