/// How often something took how long.
struct DurationHistogram {
    /// The upper bounds of the buckets in microseconds, with their text in seconds. From a task of a warm plugin to a
    /// deployment.
    static let bounds: [(microseconds: Int64, text: String)] = [
        (1_000, "0.001"), (5_000, "0.005"), (10_000, "0.01"), (50_000, "0.05"), (100_000, "0.1"), (500_000, "0.5"),
        (1_000_000, "1"), (5_000_000, "5"), (10_000_000, "10"), (30_000_000, "30"), (60_000_000, "60"),
        (300_000_000, "300"), (1_800_000_000, "1800"),
    ]

    private var counts = [UInt64](repeating: 0, count: Self.bounds.count + 1)
    private var sum: Int64 = 0

    mutating func add(_ microseconds: Int64) {
        let place = Self.bounds.firstIndex { microseconds <= $0.microseconds } ?? Self.bounds.count
        counts[place] += 1
        sum += max(0, microseconds)
    }

    func write(_ labels: PrometheusText.Labels, to output: inout PrometheusText) {
        var below: UInt64 = 0
        for (bound, count) in zip(Self.bounds.map(\.text) + ["+Inf"], counts) {
            below += count
            output.sample(labels + [("le", bound)], "\(below)", suffix: "_bucket")
        }
        output.sample(labels, Seconds.text(microseconds: sum), suffix: "_sum")
        output.sample(labels, "\(below)", suffix: "_count")
    }
}
