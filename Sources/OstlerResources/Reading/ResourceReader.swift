internal import OstlerConfig
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerTasks

/// The kinds of resources; `apply` takes in another manifest.
package enum ResourceKind: String, CaseIterable, Sendable {
    case exec
    case file
    case task
    case apply

    static let names = allCases.map(\.rawValue)
}

/// What a manifest says for all of its resources, unless one says otherwise.
struct ResourceDefaults {
    /// By their names: `timeout` and `retry`, in the forms that tasks know.
    private(set) var members: [(key: String, value: JSONValue)] = []

    init() {}

    init(_ reader: ValueReader) {
        guard let given = reader.members(["timeout", "retry"]) else { return }
        if let timeout = given.given("timeout")?.timeLimit() {
            members.append(("timeout", .string(DurationText.text(milliseconds: timeout))))
        }
        guard let retry = given.given("retry") else { return }
        do throws(Failure) {
            try Self.check(retry.value)
            members.append(("retry", retry.value))
        } catch {
            given.report(error)
        }
    }

    /// Reads it as each task of a resource will: what is wrong is told once, and where it stands.
    private static func check(_ retry: JSONValue) throws(Failure) {
        let task = JSONObject([("executor", .string("any")), ("payload", .null), ("retry", retry)])
        let text = Array(JSONValue.object(task).text.utf8)
        _ = try text.withUnsafeBufferPointer { (buffer) throws(Failure) in
            var parser = TaskSpecParser(for: .resource)
            return try parser.parse(buffer, defaultID: "defaults")
        }
    }
}

/// Reads one resource; what is wrong goes to the log that its values belong to.
struct ResourceReader {
    let document: YAMLDocument
    let providers: ExecProviderRegistry
    var defaults = ResourceDefaults()
    var origin = Origin.manifest
    let warn: (String) -> Void

    /// Who describes the resources.
    enum Origin {
        /// A file of the operator: its commands have the operator's environment, and sources lie beside it.
        case manifest
        /// Somebody who asks the operator: nothing of the operator's machine is taken in but what is below the root.
        case request
    }

    /// What each kind knows beside its own members.
    static let common = ["alias", "require", "control", "health_checks", "noop"]

    func resource(_ kind: String, _ name: String, _ properties: ValueReader) -> Resource? {
        guard name.contains(where: { !$0.isWhitespace }), !name.utf8.contains(0) else {
            properties.report(.invalidName, "the name of a resource must not be blank or hold NUL", atKey: true)
            return nil
        }
        switch ResourceKind(rawValue: kind) {
        case .exec: return exec(name, properties)
        case .file: return file(name, properties)
        case .task: return task(name, properties)
        case .apply, nil: return nil
        }
    }

    /// The members of a resource, with those reported that its kind does not know. A request has the name among them.
    func members(_ properties: ValueReader, _ known: [String]) -> MembersReader? {
        var seen: Set<String> = []
        // Guards stand among what all kinds share, and among what a task has.
        let known = known.filter { seen.insert($0).inserted }
        return properties.members(origin == .request ? known + ["name"] : known)
    }

    /// The members that all kinds share.
    func base(_ kind: ResourceKind, _ name: String, _ members: MembersReader, _ body: Resource.Body) -> Resource {
        let place = Resource.Place(document: document, pointer: members.pointer)
        var resource = Resource(
            reference: GuardReference(type: kind.rawValue, name: name),
            place: place,
            body: body
        )
        resource.isNoop = members.given("noop")?.bool() ?? false
        if origin == .request { resource.environmentMode = .minimal }
        resource.guards = guards(members)
        resource.guards.normalize(for: kind)
        return resource
    }

    /// The guards among the members; a value that a guard cannot have is reported at its place.
    private func guards(_ members: MembersReader) -> TaskGuards {
        var guards = TaskGuards()
        var seen: Set<String> = []
        for (name, reader) in members.all {
            do throws(Failure) {
                _ = try guards.take(name, reader.value, at: reader.pointer, seen: &seen)
            } catch {
                var failure = error
                if failure.code == "invalid_reference" { failure.hint = "write kind#name, such as file#/etc/app.conf" }
                reader.report(failure)
            }
        }
        return guards
    }

    // MARK: What executors are given

    /// The members of a task that a resource may have under the same names.
    static let taskMembers = [
        "timeout", "run_timeout", "env_mode", "sandbox", "secrets", "labels", "metadata", "idempotency_key", "retry",
    ]

    /// The task of a resource, read as a task of a file would be.
    /// - Parameter own: members beside those of the manifest: executor, payload, env.
    func task(
        _ resource: Resource,
        _ own: [(String, JSONValue)],
        _ members: MembersReader
    ) -> (spec: TaskSpec, retry: RetryPolicy)? {
        var object = JSONObject()
        for (key, value) in own { object[key] = value }
        let limits = ["timeout", "run_timeout"]
        // Of a limit null says that there is none; elsewhere it is what is written down as not said.
        for (key, reader) in members.all
        where Self.taskMembers.contains(key) && (reader.value != .null || limits.contains(key)) {
            object[key] = reader.value
        }
        for key in limits {
            guard let reader = members.given(key) else { continue }
            guard let milliseconds = reader.timeLimit() else { return nil }
            object[key] = .string(DurationText.text(milliseconds: milliseconds))
        }
        for (key, value) in defaults.members where members[key] == nil { object[key] = value }
        let text = Array(JSONValue.object(object).text.utf8)
        do throws(Failure) {
            var parser = TaskSpecParser(for: .resource)
            var spec = try text.withUnsafeBufferPointer { (buffer) throws(Failure) in
                try parser.parse(buffer, defaultID: resource.taskID())
            }
            if object["env_mode"] == nil { spec.environmentMode = resource.environmentMode }
            let retry = spec.queueing?.retry ?? RetryPolicy()
            spec.queueing = nil
            return (spec, retry)
        } catch {
            members.report(error)
            return nil
        }
    }
}

extension ValueReader {
    /// Reports what a reader of another form found at this value, or at the place in it that the failure names.
    func report(_ failure: Failure) {
        report(.invalidValue, at: failure.pointer ?? pointer, failure.message, hint: failure.hint)
    }
}

extension MembersReader {
    /// Reports what the reader of a task found, at the member that it means.
    func report(_ failure: Failure) {
        let pointer = JSONPointer(self.pointer.description + (failure.pointer?.description ?? ""))
        report(.invalidValue, at: pointer, failure.message + (failure.hint.map { "; " + $0 } ?? ""))
    }
}
