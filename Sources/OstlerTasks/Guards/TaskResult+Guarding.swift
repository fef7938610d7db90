package import OstlerJSON
internal import OstlerProtocol

extension TaskResult {
    /// What guards did to a task.
    package struct Guarding: Sendable, Equatable {
        package enum Effect: String, Sendable, CaseIterable {
            /// All is as it should be: it was not executed.
            case stable
            /// It was not its turn: it was not executed.
            case skipped
            /// It was executed, and a guard had a part in that or in what came of it.
            case executed
            /// It would have been executed, in a run without effects.
            case wouldExecute = "would_execute"

            package var isExecution: Bool { self == .executed }
        }

        package var effect: Effect
        /// The member of the guards that it is due to; nil if none of them kept it.
        package var member: String?
        /// A sentence for a person.
        package var detail: String

        package init(_ effect: Effect, by member: String? = nil, _ detail: String) {
            (self.effect, self.member, self.detail) = (effect, member, detail)
        }

        /// `stable: /opt/app exists (creates)`.
        package var text: String {
            "\(effect.rawValue): \(detail)" + (member.map { " (\($0))" } ?? "")
        }

        package func encode(into writer: inout JSONWriter) {
            writer.beginObject()
            writer.member("effect", effect.rawValue)
            writer.optional("by", member)
            writer.member("detail", detail)
            writer.endObject()
        }
    }

    /// What came of it for tasks that name it.
    package var priorEvent: PriorEvent {
        let isUnmet = outcome.exitCode != 0 || guarding?.effect == .skipped && guarding?.member == "require"
        return PriorEvent(changed: changed && !isUnmet, isUnmet: isUnmet)
    }
}
