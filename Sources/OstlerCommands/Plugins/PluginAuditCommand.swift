internal import OstlerCatalog
internal import OstlerCommandLine
internal import OstlerJSON
internal import OstlerTasks
internal import OstlerTrust

/// `ostler plugin audit`.
struct PluginAuditCommand {
    static let spec: CommandSpec = {
        var spec = CommandSpec("audit", "Hashes every file of every plugin that was let in.")
        spec.details = [
            "Otherwise files are hashed only once the kernel tells that they were touched. Plugins that are as they were are "
                + "then recorded as untouched: after a restored backup, audit makes starts fast again."
        ]
        spec.synopsis = ["[OPTIONS]"]
        spec.sections = [GlobalOptions.sectionWithoutPlugins]
        spec.examples = ["ostler plugin audit", "ostler plugin audit --json"]
        spec.exitCodes = [.init("0", "all are what was let in"), .init("3", "one is not")]
        spec.action = { try PluginAuditCommand($0).run() }
        return spec
    }()

    private let global: GlobalOptions

    private init(_ arguments: Arguments) throws(UsageError) {
        global = try GlobalOptions(arguments)
    }

    private func run() throws -> Int32 {
        let installer = try PluginTrust.requireInstaller(global)
        let findings = try PluginTrust.telling { () throws(TrustError) in try installer.audit() }
        if global.json {
            try Results.write(json: ["plugins": .array(findings.map(json))])
        } else {
            var table = Table(["NAME", "VERSION", "STATE", "DIRECTORY"])
            for finding in findings {
                let state = finding.error?.code.rawValue ?? "good"
                table.add([finding.entry.name, finding.entry.version, state, finding.directory])
            }
            try Results.write(table.text)
        }
        for error in findings.compactMap(\.error) { _ = PluginTrust.tell(error) }
        return findings.allSatisfy { $0.error == nil } ? 0 : Outcome.denied.exitCode
    }

    private func json(_ finding: PluginInstaller.Finding) -> JSONValue {
        [
            "name": .string(finding.entry.name), "version": .string(finding.entry.version),
            "directory": .string(finding.directory), "digest": .string("sha256:" + finding.entry.digest),
            "code": finding.error.map { .string($0.code.rawValue) } ?? .null,
            "message": finding.error.map { .string($0.message) } ?? .null,
        ]
    }
}
