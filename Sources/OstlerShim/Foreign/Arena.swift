internal import Glibc

/// Memory that lives as long as one task: what a library was given by pointer may be looked at by a later call.
final class Arena {
    private static let blockBytes = 1024
    private var blocks: [UnsafeMutableRawPointer] = []
    /// What is left of the latest block that several things share.
    private var rest: UnsafeMutableRawBufferPointer?
    private var endings: [() -> Void] = []

    deinit {
        for ending in endings.reversed() { ending() }
        for block in blocks { free(block) }
    }

    /// Zeroed memory for `bytes` bytes, aligned for every type.
    func allocate(_ bytes: Int) -> UnsafeMutableRawPointer {
        // Each begins at a multiple of 16, as what calloc gives does.
        let whole = (max(bytes, 1) + 15) & ~15
        guard whole <= Self.blockBytes / 4 else { return newBlock(whole) }
        if let rest, let base = rest.baseAddress, rest.count >= whole {
            self.rest = UnsafeMutableRawBufferPointer(rebasing: rest[whole...])
            return base
        }
        let block = newBlock(Self.blockBytes)
        rest = UnsafeMutableRawBufferPointer(start: block + whole, count: Self.blockBytes - whole)
        return block
    }

    private func newBlock(_ bytes: Int) -> UnsafeMutableRawPointer {
        guard let block = calloc(1, bytes) else { fatalError("no memory is left for \(bytes) bytes") }
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
