internal import OstlerProtocol
internal import OstlerTasks

extension ActionReport {
    /// What to do about failures that have something in common.
    package struct Recommendation: Sendable, Equatable {
        package let text: String
        /// How many components it is for.
        package var count: Int
        /// The first of them, by name.
        package var examples: [String]

        static let mostExamples = 3
    }

    /// What to do about the failures, each thing once; what concerns most of them first.
    package var recommendations: [Recommendation] {
        var found: [Recommendation] = []
        var places: [String: Int] = [:]
        for component in failures {
            guard let text = component.failure?.hint ?? component.outcome.advice else { continue }
            if let place = places[text] {
                found[place].count += 1
                if found[place].examples.count < Recommendation.mostExamples {
                    found[place].examples.append(component.name)
                }
            } else {
                places[text] = found.count
                found.append(Recommendation(text: text, count: 1, examples: [component.name]))
            }
        }
        // Equal ones stay in the order of the failures.
        return found.enumerated().sorted { ($1.element.count, $0.offset) < ($0.element.count, $1.offset) }
            .map(\.element)
    }
}

extension ActionReport.Recommendation {
    /// `3 components, such as a, b`.
    package var scope: String {
        count == 1 ? examples.joined() : "\(count) components, such as \(examples.joined(separator: ", "))"
    }
}

extension Outcome {
    /// What to do about it where the failure itself does not say; nil for what explains itself or needs a look at the
    /// component's own output.
    fileprivate var advice: String? {
        switch self {
        case .succeeded, .skipped, .failed, .cancelled, .invalid: nil
        case .limit: "raise the limit that was reached, in the task or in the configuration"
        case .dependencyFailed: "mend what it depends on, then run it again"
        case .partial: "look at what is left, then run it again"
        case .denied: "`ostler config show` tells what is allowed, and who says so"
        case .timeout: "raise the time limit, or find out what it waited for"
        case .expired: "start more workers, or give it more time to be started"
        case .sandboxError: "`ostler doctor` tries all that a sandbox needs"
        case .executorCrash, .executorProtocol:
            "`ostler plugin test` tries the plugin; its last words are on its stderr"
        case .lost: "find out by hand whether it was done before it is run again"
        case .infra: "`ostler doctor` tries all that a task needs; look at disk and memory of the machine"
        }
    }
}
