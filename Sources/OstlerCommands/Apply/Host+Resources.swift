internal import OstlerHost
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerResources
internal import OstlerTasks

extension Host {
    /// What a resource may not have, whatever the machine is like at its turn: of its task, of its guards' commands and of
    /// its health checks'. Empty if nothing speaks against it.
    /// - Parameter needsView: whether its commands must see a directory as their root, and not the machine.
    func problems(of resource: Resource, needsView: Bool) -> [Failure] {
        if let task = resource.task {
            let problems = problems(of: task, needsView: needsView)
            guard problems.isEmpty else { return problems.map(resource.inItsMembers) }
        }
        return problemsOfGuards(resource, needsView: needsView) + problemsOfChecks(resource, needsView: needsView)
    }

    private func problemsOfGuards(_ resource: Resource, needsView: Bool) -> [Failure] {
        [("onlyif", resource.guards.onlyif), ("unless", resource.guards.unless)].flatMap { name, command in
            guard let command else { return [Failure]() }
            let place = JSONPointer.root.member(name)
            do throws(Failure) {
                return problems(of: try resource.request(for: command), of: resource, at: place, needsView: needsView)
            } catch {
                return [error.moved(to: place)]
            }
        }
    }

    private func problemsOfChecks(_ resource: Resource, needsView: Bool) -> [Failure] {
        resource.checks.enumerated().flatMap { index, check in
            let place = JSONPointer("/health_checks/\(index)")
            return problems(of: check.command, of: resource, at: place, needsView: needsView)
        }
    }

    private func problems(
        of request: CommandRequest,
        of resource: Resource,
        at place: JSONPointer,
        needsView: Bool
    ) -> [Failure] {
        problems(of: resource.task(for: request, as: "check"), needsView: needsView)
            .filter { $0.fault == .user }
            .map { $0.moved(to: place) }
    }

    /// Under a root of their own, commands must not get at the machine.
    private func problems(of task: TaskSpec, needsView: Bool) -> [Failure] {
        guard needsView else { return problems(of: task) }
        do throws(Failure) {
            let policy = try provider.effective(for: task.sandbox)
            return policy.fence == .namespaces ? problems(of: task) : [.noRootView(policy.profile.value)]
        } catch {
            return [error]
        }
    }
}

extension Failure {
    /// The payload of a guard or a check is nothing that the user wrote.
    fileprivate func moved(to place: JSONPointer) -> Failure {
        var failure = self
        if pointer == nil || pointer?.description.hasPrefix("/payload") == true { failure.pointer = place }
        return failure
    }

    static func noRootView(_ profile: String) -> Failure {
        Failure(
            "no_view",
            fault: .user,
            message: "under the profile \"\(profile)\" commands would not see --root as their root, but the machine",
            hint: "leave out --sandbox and sandbox, or take a profile with namespaces"
        )
    }
}
