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

    /// What was decided.
    struct Decision {
        let granted: Permissions
        /// Whether somebody was asked, who has read the sheet.
        var isShown = false
    }

    private let grantsAll: Bool
    private let granted: [Permission]

    init(_ arguments: Arguments) throws {
        grantsAll = arguments.has(Self.yes)
        granted = try PluginTrust.telling { () throws(TrustError) in
            try arguments.values(Self.grant).map { (text) throws(TrustError) in try Permission(parsing: text) }
        }
    }

    /// What is granted. Nobody is asked about what was granted before; whoever cannot be asked is refused.
    /// - Parameter tell: writes the sheet as a result, for whoever is refused without being asked.
    func decide(_ sheet: PermissionSheet, previous: PluginLock.Entry?, tell: () throws -> Void) throws -> Decision {
        if grantsAll { return Decision(granted: sheet.needs) }
        if !granted.isEmpty {
            let odd = Permissions(granted).beyond(sheet.needs)
            guard odd.isEmpty else {
                throw PluginTrust.tell(
                    TrustError(
                        .invalidPermission,
                        "the plugin does not ask for \(odd.map(\.shown).joined(separator: ", "))",
                        hint: "leave it out of --grant"
                    )
                )
            }
            return Decision(granted: Permissions(granted))
        }
        if sheet.added.isEmpty { return Decision(granted: previous?.granted ?? Permissions()) }
        guard isatty(0) == 1, isatty(2) == 1 else {
            try tell()
            throw refusal(sheet, previous)
        }
        // Where the question is, since stdout may be a file.
        Terminal.write(sheet.text + "Grant all of this? [y/N] ", to: 2)
        guard let answer = readLine(), ["y", "yes"].contains(answer.lowercased()) else {
            throw refusal(sheet, previous)
        }
        return Decision(granted: sheet.needs, isShown: true)
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
                    + sheet.added.map(\.shown).joined(separator: ", "),
                hint: "nothing was changed; --yes grants all of it, --grant a part"
            )
        )
    }
}
