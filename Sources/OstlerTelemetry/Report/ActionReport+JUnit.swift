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
        return JUnitSuite(name: "ostler \(action)", cases, milliseconds: duration / 1000).xml
    }
}

extension ActionReport.Component {
    fileprivate var verdict: JUnitSuite.Verdict {
        switch outcome {
        case .succeeded: isNoop ? .skipped(message: "noop") : .passed
        case .skipped: .skipped(message: failure?.message ?? "there was nothing to do")
        case .failed, .limit, .dependencyFailed, .cancelled, .partial, .timeout, .expired:
            .failed(type: type, message: reason, text: details)
        case .invalid, .denied, .sandboxError, .executorCrash, .executorProtocol, .lost, .infra:
            .broken(type: type, message: reason, text: details)
        }
    }

    private var type: String { failure?.code ?? outcome.rawValue }

    private var details: String {
        ([reason] + diagnostics + (failure?.hint.map { ["hint: " + $0] } ?? [])).joined(separator: "\n")
    }
}
