internal import OstlerProtocol
internal import OstlerTasks

extension ActionReport {
    /// For CI: each component is a case. What failed by its own doing is a failure; what could not be run, an error.
    var junit: String {
        let cases = components.map { component in
            JUnitSuite.Case(
                className: component.kind,
                name: component.name,
                milliseconds: component.duration / 1000,
                component.verdict
            )
        }
        var suite = JUnitSuite(name: "ostler \(action)", cases, milliseconds: duration / 1000)
        suite.counts = counts
        if omitted > 0 { suite.note = "\(omitted) more are only counted: they have no test case here" }
        return suite.xml
    }

    /// Of all components, those included that are only counted.
    private var counts: JUnitSuite.Counts {
        func sum(_ kind: Outcome.CaseKind) -> Int { outcomes.filter { $0.key.caseKind == kind }.values.reduce(0, +) }
        let skipped = (states[.noop] ?? 0) + (states[.skipped] ?? 0)
        return JUnitSuite.Counts(tests: total, failures: sum(.failure), errors: sum(.error), skipped: skipped)
    }
}

extension Outcome {
    fileprivate enum CaseKind {
        case good
        case failure
        case error
    }

    fileprivate var caseKind: CaseKind {
        switch self {
        case .succeeded, .skipped: .good
        case .failed, .limit, .dependencyFailed, .cancelled, .partial, .timeout, .expired: .failure
        case .invalid, .denied, .sandboxError, .executorCrash, .executorProtocol, .lost, .infra: .error
        }
    }
}

extension ActionReport.Component {
    fileprivate var verdict: JUnitSuite.Verdict {
        switch outcome.caseKind {
        case .good where outcome == .skipped: .skipped(message: failure?.message ?? "there was nothing to do")
        case .good: isNoop ? .skipped(message: "noop") : .passed
        case .failure: .failed(type: type, message: reason, text: details)
        case .error: .broken(type: type, message: reason, text: details)
        }
    }

    private var type: String { failure?.code ?? outcome.rawValue }

    private var details: String {
        ([reason] + diagnostics + (failure?.hint.map { ["hint: " + $0] } ?? [])).joined(separator: "\n")
    }
}
