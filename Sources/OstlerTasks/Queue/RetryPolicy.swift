/// How often a task is tried when its work fails, and how long is waited in between.
package struct RetryPolicy: Sendable, Equatable {
    /// How the wait grows from one try to the next.
    package enum Backoff: String, Sendable, CaseIterable {
        case constant
        case linear
        case exponential
    }

    /// Tries in all, the first among them; 1 for no second one.
    package var attempts: Int
    package var backoff: Backoff
    /// The wait after the first failure, in milliseconds.
    package var least: Int64
    /// The longest wait, in milliseconds.
    package var most: Int64

    package init(attempts: Int = 1, backoff: Backoff = .exponential, least: Int64 = 1000, most: Int64 = 60_000) {
        self.attempts = max(1, attempts)
        self.backoff = backoff
        self.least = max(0, least)
        self.most = max(self.least, most)
    }

    /// How long is waited after a failure: half of the nominal wait and a share of the other half, so that what failed
    /// together does not come back together.
    /// - Parameters:
    ///   - failure: 1 for the first one.
    ///   - seed: equal seeds give equal waits.
    /// - Returns: milliseconds.
    package func wait(afterFailure failure: Int, seed: UInt64) -> Int64 {
        let nominal = nominalWait(afterFailure: max(1, failure))
        let half = nominal / 2
        guard half > 0 else { return nominal }
        return nominal - half + Int64(Self.mixed(seed &+ UInt64(max(1, failure))) % UInt64(half + 1))
    }

    private func nominalWait(afterFailure failure: Int) -> Int64 {
        let (product, overflow): (Int64, Bool)
        switch backoff {
        case .constant: return least
        case .linear: (product, overflow) = least.multipliedReportingOverflow(by: Int64(failure))
        case .exponential:
            guard failure <= 62 else { return least == 0 ? 0 : most }
            (product, overflow) = least.multipliedReportingOverflow(by: 1 << Int64(failure - 1))
        }
        return overflow ? most : min(product, most)
    }

    /// Spreads neighbouring seeds over the whole range (the finaliser of SplitMix64).
    private static func mixed(_ seed: UInt64) -> UInt64 {
        var value = seed &* 0x9E37_79B9_7F4A_7C15
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
