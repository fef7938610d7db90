internal import OstlerTrust

/// A key and a signature are read or refused with a reason; and what is verified no longer is once a bit of what was
/// signed is another.
enum SignatureFuzz {
    static func check(_ bytes: UnsafeBufferPointer<UInt8>) throws(BrokenPromise) {
        let parts = Array(bytes).split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false).map(Array.init)
        let key = try read { () throws(TrustError) in
            try Minisign.PublicKey(parsing: String(decoding: parts[0], as: UTF8.self))
        }
        if let key {
            let again = try read { () throws(TrustError) in try Minisign.PublicKey(parsing: key.text) }
            try promise(again == key, "a key, written and read, is another one")
        }
        guard parts.count > 1 else { return }
        let signature = try read { () throws(TrustError) in try Minisign.Signature(parsing: parts[1]) }
        guard parts.count > 2, let key, let signature, try isVerified(signature, parts[2], key) else { return }
        try promise(signature.idText == key.idText, "verified by another key")
        var message = parts[2]
        if message.isEmpty { message = [0] } else { message[message.count / 2] ^= 1 }
        try promise(!(try isVerified(signature, message, key)), "two texts with one signature")
    }

    private static func isVerified(
        _ signature: Minisign.Signature,
        _ message: [UInt8],
        _ key: Minisign.PublicKey
    ) throws(BrokenPromise) -> Bool {
        try read { () throws(TrustError) in try signature.verify(message, by: key) } != nil
    }

    /// Nil for what is refused, with a reason that can be shown.
    private static func read<R>(_ body: () throws(TrustError) -> R) throws(BrokenPromise) -> R? {
        do throws(TrustError) {
            return try body()
        } catch {
            try promisePresentable(error.description)
            return nil
        }
    }
}
