internal import OstlerConfig
internal import OstlerJSON
internal import OstlerTasks

/// Files and tasks.
extension ResourceReader {
    private static let fileMembers = ["ensure", "content", "source", "owner", "group", "mode", "sensitive"] + common

    func file(_ name: String, _ properties: ValueReader) -> Resource? {
        guard let members = members(properties, Self.fileMembers) else { return nil }
        guard let path = PathText.normalized(name), path != "/" else {
            properties.report(
                .invalidName,
                "the name of a file must be its absolute path, not \(Quotation.text(name))",
                atKey: true
            )
            return nil
        }
        var file = FileResource(
            path: path,
            ensure: members.given("ensure")?.choice(FileResource.Ensure.self) ?? .present
        )
        file.isSensitive = members.given("sensitive")?.bool() ?? false
        file.content = content(members, file.ensure, isSensitive: file.isSensitive)
        file.owner = members.given("owner")?.account()
        file.group = members.given("group")?.account()
        file.mode = members.given("mode").flatMap(mode)
        var resource = base(.file, path, members, .file(file))
        resource.checks = checks(members["health_checks"], resource)
        return resource
    }

    private func content(
        _ members: MembersReader,
        _ ensure: FileResource.Ensure,
        isSensitive: Bool
    ) -> FileResource.Content? {
        let text = members.given("content")
        let source = members.given("source")
        if let both = text, source != nil {
            both.report(.invalidValue, "both content and source are given", hint: "keep one of them", atKey: true)
        }
        if ensure != .present, let content = text ?? source {
            content.report(
                .invalidValue,
                "what is to be \(ensure.rawValue) has no content",
                hint: "leave it out, or write ensure: present",
                atKey: true
            )
        }
        if let text {
            // To say what it is instead would be to show it.
            if isSensitive, text.value.string == nil {
                text.report(.wrongType, "\(text.name) must be text", hint: "write it in quotes")
                return nil
            }
            return text.text().map(FileResource.Content.text)
        }
        switch origin {
        case .manifest:
            return source?.string().map { .source(PathText.joined(PathText.directory(of: document.file), $0)) }
        case .request: return source?.absolutePath().map(FileResource.Content.rootedSource)
        }
    }

    /// Octal digits, in quotes or not: 0644 is what everybody means.
    private func mode(_ reader: ValueReader) -> UInt32? {
        let text: String
        switch reader.value {
        case .string(let digits): text = digits
        case .number(.int(let number)): text = String(number)
        default: text = ""
        }
        // A sign is none of the digits.
        guard let mode = UInt32(text, radix: 8), mode <= 0o7777, text.utf8.first != UInt8(ascii: "+") else {
            reader.report(.invalidValue, "mode must be octal digits up to 7777, not \(reader.value.summary)")
            return nil
        }
        return mode
    }

    func task(_ name: String, _ properties: ValueReader) -> Resource? {
        let own = ["executor", "type", "payload", "env"]
        let guards = TaskGuards.members + ["refreshonly", "effects"]
        guard let members = members(properties, own + guards + Self.taskMembers + Self.common) else { return nil }
        var resource = base(.task, name, members, .task)
        checkGuards(resource, members)
        resource.effects = effects(members.given("effects"), resource.guards, in: "/")
        resource.checks = checks(members["health_checks"], resource)
        let given = own.compactMap { key in members[key].map { (key, $0.value) } }
        guard let (spec, retry) = task(resource, given, members) else { return nil }
        (resource.task, resource.retry) = (spec, retry)
        return resource
    }
}

extension ValueReader {
    /// The name of a user or group, or its number.
    func account() -> String? {
        guard let text = value.int.map(String.init) ?? string() else { return nil }
        let isNumber = text.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2B || $0 == 0x2D }
        guard isNumber else { return text }
        // The largest is how chown(2) is told to leave it.
        guard let number = UInt32(text), number < .max else {
            report(.invalidValue, "\(name) must be a name or a number below \(UInt32.max), not \(value.summary)")
            return nil
        }
        return String(number)
    }
}
