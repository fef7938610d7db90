internal import OstlerCommandLine
internal import OstlerJSON

/// `--limit NAME=VALUE`, with the names and values of `sandbox.limits`.
struct SandboxLimitOption: Sendable {
    /// The limits of a sandbox that has no host to count its output.
    static let names = SandboxLimit.allCases.filter { $0 != .output }.map(\.rawValue)

    let limit: SandboxLimit
    /// nil lifts it.
    let value: Int64?

    init(_ text: String) throws(UsageError) {
        let (name, value) = try TaskOptions.pair(text, "--limit", form: "NAME=VALUE")
        guard let limit = SandboxLimit(rawValue: name), limit != .output else {
            let advice =
                name == SandboxLimit.output.rawValue
                ? "; what a command writes goes where you send it, uncounted"
                : Suggestion.clause(for: name, in: Self.names)
            throw UsageError("--limit \(text): there is no limit \"\(name)\" here\(advice)")
        }
        self.limit = limit
        do throws(UnitTextError) {
            self.value = try limit.value(value)
        } catch {
            throw UsageError("--limit \(text): \(error)")
        }
    }
}
