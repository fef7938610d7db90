internal import OstlerTrust

/// What was let in is read as it was written, or not at all: also where the seal fits, as whoever can write the file can
/// make it fit.
enum LockFuzz {
    static func check(_ bytes: UnsafeBufferPointer<UInt8>) throws(BrokenPromise) {
        let text = Array(bytes)
        try checkFile(text)
        try checkFile(PluginLock.sealed(Array(text.dropLast(PluginLock.sealed([]).count))))
    }

    private static func checkFile(_ text: [UInt8]) throws(BrokenPromise) {
        let lock: PluginLock
        do throws(TrustError) {
            lock = try PluginLock(parsing: text)
        } catch {
            try promise([.lockMalformed, .lockEdited, .invalidPermission].contains(error.code), "\(error.code)")
            return try promisePresentable(error.description)
        }
        guard let again = try? PluginLock(parsing: lock.bytes) else {
            throw BrokenPromise("what is written is refused")
        }
        try promise(again == lock, "another lock is read than was written")
        try promise(again.bytes == lock.bytes, "the second writing differs from the first")
    }
}
