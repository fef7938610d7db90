/// Which of two versions is the later: numbers by value, words by letters, and a part behind `-` before none.
package enum PluginVersion {
    package static func isEarlier(_ left: String, than right: String) -> Bool {
        let (left, right) = (Parts(left), Parts(right))
        if let earlier = isEarlier(left.numbers, right.numbers) { return earlier }
        switch (left.suffix.isEmpty, right.suffix.isEmpty) {
        case (false, true): return true
        case (true, _): return false
        default: return isEarlier(left.suffix, right.suffix) ?? false
        }
    }

    /// Nil if they are the same.
    private static func isEarlier(_ left: [Substring], _ right: [Substring]) -> Bool? {
        for index in 0..<max(left.count, right.count) {
            guard index < left.count else { return true }
            guard index < right.count else { return false }
            let (a, b) = (left[index], right[index])
            guard a != b else { continue }
            switch (UInt64(a), UInt64(b)) {
            case (let a?, let b?): if a != b { return a < b }
            case (nil, nil): return a.utf8.lexicographicallyPrecedes(b.utf8)
            case (let number, _): return number != nil
            }
        }
        return nil
    }

    /// `1.2.0-rc.1+build` in `1 2 0` and `rc 1`; what is behind `+` says nothing of the order.
    private struct Parts {
        let numbers: [Substring]
        let suffix: [Substring]

        init(_ version: String) {
            let halves = (version.split(separator: "+").first ?? "").split(separator: "-", maxSplits: 1)
            numbers = (halves.first ?? "").split(separator: ".")
            suffix = halves.count > 1 ? halves[1].split(separator: ".") : []
        }
    }
}
