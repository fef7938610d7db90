internal import OstlerTasks

/// A way to make an argument vector of a command as a manifest writes it.
package struct ExecProvider: Sendable {
    package let name: String
    /// The lowest of those that can be used wins.
    package let priority: Int
    /// Whether it may be taken without being named.
    package let isAutomatic: Bool
    /// Whether it can be used on this machine.
    package let isManageable: @Sendable () throws(ExecProviderFault) -> Bool
    /// The argument vector of a command.
    package let argv: @Sendable (String) throws(ExecProviderFault) -> [String]

    package init(
        name: String,
        priority: Int,
        isAutomatic: Bool = true,
        isManageable: @escaping @Sendable () throws(ExecProviderFault) -> Bool = { () throws(ExecProviderFault) in true
        },
        argv: @escaping @Sendable (String) throws(ExecProviderFault) -> [String]
    ) {
        self.name = name
        self.priority = priority
        self.isAutomatic = isAutomatic
        self.isManageable = isManageable
        self.argv = argv
    }

    /// Words, and no shell.
    package static let posix = ExecProvider(name: "posix", priority: 1) { line throws(ExecProviderFault) in
        let words: [String]
        do throws(CommandLineWords.Unterminated) {
            words = try CommandLineWords.split(line)
        } catch {
            throw .invalidCommand(error.description)
        }
        guard words.first?.isEmpty == false else { throw .invalidCommand("no command specified") }
        return words
    }

    package static let shellName = "shell"

    /// `/bin/sh -c`, for whoever asks for it.
    /// - Parameter exists: whether there is a `/bin/sh`.
    package static func shell(exists: @escaping @Sendable () -> Bool) -> ExecProvider {
        ExecProvider(
            name: shellName,
            priority: 99,
            isAutomatic: false,
            isManageable: { () throws(ExecProviderFault) in exists() }
        ) { line throws(ExecProviderFault) in
            guard line.contains(where: { !$0.isWhitespace }) else {
                throw ExecProviderFault.invalidCommand("no command to execute")
            }
            return ["/bin/sh", "-c", line]
        }
    }
}

/// Why no provider can be had.
package enum ExecProviderFault: Error, Sendable, Equatable, CustomStringConvertible {
    case exists(String)
    case notFound(String)
    case notManageable(String)
    case noneSuitable
    /// A provider that cannot tell whether it can be used.
    case failed(String)
    /// A command that cannot be taken apart.
    case invalidCommand(String)

    package var description: String {
        switch self {
        case .exists(let name): "provider already exists: \(name)"
        case .notFound(let name): "invalid resource: provider not found: \(name)"
        case .notManageable(let name):
            "invalid resource: provider is not manageable: not applicable to instance: \(name)"
        case .noneSuitable: "no suitable provider found"
        case .failed(let reason), .invalidCommand(let reason): reason
        }
    }
}

/// The providers that there are, each name once.
package struct ExecProviderRegistry: Sendable {
    private var providers: [ExecProvider] = []

    package init() {}

    /// - Parameter shellExists: whether there is a `/bin/sh`.
    package static func standard(shellExists: @escaping @Sendable () -> Bool) -> ExecProviderRegistry {
        var registry = ExecProviderRegistry()
        registry.providers = [.posix, .shell(exists: shellExists)]
        return registry
    }

    package var names: [String] { providers.map(\.name) }

    package mutating func register(_ provider: ExecProvider) throws(ExecProviderFault) {
        guard !names.contains(provider.name) else { throw .exists(provider.name) }
        providers.append(provider)
    }

    /// The provider that is named, or else the one with the lowest priority of those that can be used.
    /// - Parameter warn: told of those that cannot tell whether they can be used, and that are passed over.
    package func provider(
        named name: String?,
        warn: (String) -> Void = { _ in }
    ) throws(ExecProviderFault) -> ExecProvider {
        if let name {
            guard let provider = providers.first(where: { $0.name == name }) else { throw .notFound(name) }
            guard try provider.isManageable() else { throw .notManageable(name) }
            return provider
        }
        for provider in providers.filter(\.isAutomatic).sorted(by: { $0.priority < $1.priority }) {
            do throws(ExecProviderFault) {
                if try provider.isManageable() { return provider }
            } catch {
                warn("the provider \(provider.name) is passed over: \(error)")
            }
        }
        throw .noneSuitable
    }
}
