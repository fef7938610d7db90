internal import OstlerJSON
package import OstlerProtocol

extension Resource {
    /// The members of an exec, by what becomes of them in the payload of its task.
    private static let membersOfPayload = ["command": "command", "working_dir": "cwd", "env": "environment"]

    /// A failure of its task with the place that whoever wrote the resource knows.
    package func inItsMembers(_ failure: Failure) -> Failure {
        guard case .exec = body, let pointer = failure.pointer else { return failure }
        var own = failure
        let parts = pointer.description.split(separator: "/")
        if parts.first == "payload" {
            own.pointer = parts.dropFirst().first.flatMap { Self.membersOfPayload[String($0)] }.map {
                JSONPointer.root.member($0)
            }
        }
        return own
    }
}
