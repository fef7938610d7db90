internal import Glibc

/// Memory that lives as long as one task: what a library was given by pointer may be looked at by a later call.
final class Arena {
    private static let blockBytes = 1024
    private static let alignment = 16
    /// The block that is kept from task to task. What is not in use of it is zero.
    private let first: UnsafeMutableRawPointer
    private var used = 0
    /// What did not fit.
    private var blocks: [UnsafeMutableRawPointer] = []
    private var endings: [() -> Void] = []

    init() {
        first = Self.zeroed(Self.blockBytes)
    }

    deinit {
        reset()
        free(first)
    }

    /// Ends the life of all that was given out.
    func reset() {
        for ending in endings.reversed() { ending() }
        endings.removeAll()
        for block in blocks { free(block) }
        blocks.removeAll()
        memset(first, 0, used)
        used = 0
    }

    /// Zeroed memory for `bytes` bytes, aligned for every type.
    func allocate(_ bytes: Int) -> UnsafeMutableRawPointer {
        let whole = (max(bytes, 1) + Self.alignment - 1) & ~(Self.alignment - 1)
        guard whole <= Self.blockBytes - used else {
            let block = Self.zeroed(whole)
            blocks.append(block)
            return block
        }
        defer { used += whole }
        return first + used
    }

    private static func zeroed(_ bytes: Int) -> UnsafeMutableRawPointer {
        guard let block = calloc(1, bytes) else { fatalError("no memory is left for \(bytes) bytes") }
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
