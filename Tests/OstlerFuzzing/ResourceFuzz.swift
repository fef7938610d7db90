internal import OstlerConfig
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerResources
internal import OstlerTasks

/// A manifest is refused with places that are in it, or becomes resources that can be walked: each name once, what is
/// named before who names it, and tasks and commands that are whole.
enum ResourceFuzz {
    private static let file = "site.yaml"
    /// What a manifest may take in besides itself.
    private static let other = Array("- exec: [{other: {alias: o, creates: /o}}]\n".utf8)

    static func check(_ bytes: UnsafeBufferPointer<UInt8>) throws(BrokenPromise) {
        let text = Array(bytes)
        var warnings: [String] = []
        var reader = ManifestReader(providers: .standard { true }, warn: { warnings.append($0) }) { path in
            switch path {
            case file: .success(text)
            case "other.yaml": .success(other)
            default: .failure(SmallFile.Failure(.notFound, "is not there"))
            }
        }
        let manifest: Manifest
        do throws(ConfigFailure) {
            manifest = try reader.read([file])
        } catch {
            return try checkRefusal(error, of: text)
        }
        try check(manifest)
        for warning in warnings { try promisePresentable(warning) }
    }

    private static func checkRefusal(_ failure: ConfigFailure, of text: [UInt8]) throws(BrokenPromise) {
        let isOwn = failure.problems.filter { $0.file == file }
        for problem in failure.problems { try promisePresentable(problem.description) }
        guard let first = isOwn.first else { return }
        try YAMLPromises.checkRefusal(ConfigFailure(first, Array(isOwn.dropFirst())), of: text)
    }

    // MARK: Resources

    private static func check(_ manifest: Manifest) throws(BrokenPromise) {
        var known: Set<GuardReference> = []
        for resource in manifest.resources {
            let title = resource.title
            for reference in resource.guards.subscribe + resource.guards.require {
                try promise(known.contains(reference), "\(title) names what is not before it")
            }
            let alias = resource.guards.alias.map { GuardReference(type: resource.reference.type, name: $0) }
            for name in Set([resource.reference, alias].compactMap(\.self)) {
                try promise(known.insert(name).inserted, "\(name) is there twice")
            }
            if case .file(let wanted) = resource.body { try check(wanted) }
            if case .exec(let exec) = resource.body { try check(exec.command, of: title) }
            try check(resource)
        }
    }

    private static func check(_ file: FileResource) throws(BrokenPromise) {
        try promise(
            PathText.normalized(file.path) == file.path && file.path != "/",
            "a path with detours: \(file.path)"
        )
        try promise(file.content == nil || file.ensure == .present, "\(file.path) has content and is not a file")
        try promise(file.mode.map { $0 <= 0o7777 } ?? true, "\(file.path) has a mode that no file can have")
        for account in [file.owner, file.group].compactMap(\.self) {
            try promise(account != "\(UInt32.max)", "an account that means none")
        }
    }

    private static func check(_ command: CommandRequest, of title: String) throws(BrokenPromise) {
        try promise(!command.argv.isEmpty, "\(title) runs nothing")
        try promise(command.directory.hasPrefix("/"), "\(title) begins nowhere")
        try promise(JSONPromises.isValid(command.payload), "the payload of \(title) is no JSON")
        let keys = command.environment.map(\.key)
        try promise(Set(keys).count == keys.count && !keys.contains(""), "\(title) has a variable twice, or none")
    }

    /// What limits something lets it have some time.
    private static func isTime(_ limit: Int64??) -> Bool { limit.flatMap(\.self).map { $0 > 0 } ?? true }

    private static func check(_ resource: Resource) throws(BrokenPromise) {
        let title = resource.title
        if let task = resource.task {
            try promise(TaskSpec.isID(task.id) && JSONPromises.isValid(task.payload), "\(title) is no task")
            try promise(Self.isTime(task.timeout) && Self.isTime(task.runTimeout), "\(title) has no time at all")
        }
        try promise((1...RetryPolicy.mostAttempts).contains(resource.retry.attempts), "\(title) is never tried")
        for line in [resource.guards.onlyif, resource.guards.unless].compactMap(\.self) {
            let request = try? resource.request(for: line)
            try promise(request != nil, "a guard of \(title) cannot be read, and was taken")
            if let request { try check(request, of: title) }
        }
        for check in resource.checks {
            try Self.check(check.command, of: title)
            try promise(check.tries > 0 && check.pause >= 0, "a check of \(title) is none")
            try promise(Self.isTime(check.timeout), "a check of \(title) has no time")
            try promise(!check.name.isEmpty, "a check of \(title) has no name")
        }
        let paths = (resource.effects?.creates ?? []) + (resource.effects?.removes ?? [])
        for path in paths { try promise(PathText.normalized(path) == path, "an effect with detours: \(path)") }
    }
}
