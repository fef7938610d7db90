internal import Glibc
internal import OstlerCommandLine
internal import OstlerJSON
internal import OstlerTasks
internal import OstlerTrust

/// How somebody says what a plugin is granted: by options, or when asked.
struct GrantOptions {
    private static let yes = CommandOption.flag("yes", "Grants all that the plugin needs.")
    private static let grant = CommandOption.values(
        "grant",
        "PERMISSION",
        "Grants that and nothing else: launch, network:loopback, program:NAME, file:PATH:ro, file:PATH:rw or secret:NAME."
    )
    static let all = [yes, grant]

    private let grantsAll: Bool
    private let granted: [Permission]

    init(_ arguments: Arguments) throws {
        grantsAll = arguments.has(Self.yes)
        granted = try PluginTrust.telling { () throws(TrustError) in
            try arguments.values(Self.grant).map { (text) throws(TrustError) in try Permission(parsing: text) }
        }
    }

    /// What is granted. Nobody is asked about what was granted before; whoever cannot be asked is refused.
    /// - Parameter show: shows the sheet to whoever is asked, or refused.
    func decide(_ sheet: PermissionSheet, previous: PluginLock.Entry?, show: () throws -> Void) throws -> Permissions {
        if grantsAll { return sheet.needs }
        if !granted.isEmpty {
            let odd = Permissions(granted).beyond(sheet.needs)
            guard odd.isEmpty else {
                throw PluginTrust.tell(
                    TrustError(
                        .invalidPermission,
                        "the plugin does not ask for \(odd.map(\.text).joined(separator: ", "))",
                        hint: "leave it out of --grant"
                    )
                )
            }
            return Permissions(granted)
        }
        if sheet.added.isEmpty { return previous?.granted ?? Permissions() }
        try show()
        guard isatty(0) == 1, isatty(2) == 1 else { throw refusal(sheet, previous) }
        Terminal.write("Grant all of this? [y/N] ", to: 2)
        guard let answer = readLine(), ["y", "yes"].contains(answer.lowercased()) else {
            throw refusal(sheet, previous)
        }
        return sheet.needs
    }

    private func refusal(_ sheet: PermissionSheet, _ previous: PluginLock.Entry?) -> Exit {
        guard let previous else {
            return PluginTrust.tell(
                TrustError(
                    .grantRequired,
                    "nothing was let in: nobody has granted what the plugin needs",
                    hint: "--yes grants all of it, --grant a part"
                )
            )
        }
        return PluginTrust.tell(
            TrustError(
                .needsMore,
                "the plugin \(previous.name) asks for more than it was granted: "
                    + sheet.added.map(\.text).joined(separator: ", "),
                hint: "nothing was changed; --yes grants all of it, --grant a part"
            )
        )
    }
}
