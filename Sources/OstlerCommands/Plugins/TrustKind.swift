internal import OstlerCatalog

/// Why a plugin is believed.
enum TrustKind: String {
    /// Whoever named its place granted all that it needs.
    case named
    /// It was added, and is used from the store.
    case installed
    /// It was trusted where it is.
    case trusted
    /// It belongs to the installation.
    case system

    /// Who granted what it gets, for people.
    var grantor: String {
        switch self {
        case .named: "since its place was named"
        case .installed: "by ostler plugin add"
        case .trusted: "by ostler plugin trust"
        case .system: "by who installed Ostler"
        }
    }
}

extension TrustKind {
    /// By where a plugin was found.
    init(_ origin: PluginSearchPath.Origin) {
        self =
            switch origin {
            case .option, .environment: .named
            case .store: .installed
            case .user, .workingDirectory: .trusted
            case .prefix: .system
            }
    }
}

extension InstalledPlugin {
    var trust: TrustKind { TrustKind(origin.origin) }
}
