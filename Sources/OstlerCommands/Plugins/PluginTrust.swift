internal import OstlerCatalog
internal import OstlerConfig
internal import OstlerProtocol
internal import OstlerTasks
internal import OstlerTrust

/// Where what was let in is kept, and how a refusal is told.
enum PluginTrust {
    /// Nil without a home and without the variables that name the directories.
    static func installer(_ policy: HostConfig.Plugins) -> PluginInstaller? {
        let environment = Composition.environment
        guard let data = BaseDirectory.data.path(in: environment), let file = lockFile else { return nil }
        return PluginInstaller(store: PluginStore(data + "/ostler/store"), file: file, policy: policy)
    }

    /// `plugins.lock` is beside the configuration, not in the state or the cache: it holds what the user decided, and
    /// belongs into backups with it.
    static var lockFile: PluginLockFile? {
        BaseDirectory.config.path(in: Composition.environment).map { PluginLockFile($0 + "/ostler/plugins.lock") }
    }

    /// For commands that change what is installed.
    static func requireInstaller(_ options: GlobalOptions) throws -> PluginInstaller {
        guard let installer = installer(try RunContext(options).config.plugins) else {
            Log.error("there is no home to keep plugins in; set HOME, or XDG_CONFIG_HOME and XDG_DATA_HOME")
            throw Exit(.invalid)
        }
        return installer
    }

    /// Does what may be refused; a refusal is told, and ends the command.
    static func telling<R>(_ body: () throws(TrustError) -> R) throws -> R {
        do throws(TrustError) {
            return try body()
        } catch {
            throw tell(error)
        }
    }

    /// Tells why not.
    static func tell(_ error: TrustError) -> Exit {
        Log.failure(
            .init(error.code.rawValue, fault: .user, message: error.message, hint: error.hint)
        )
        switch error.code {
        case .cannotWrite: return Exit(.infra)
        case .invalidPermission, .invalidPattern, .invalidKey, .notInstalled: return Exit(.invalid)
        default: return Exit(.denied)
        }
    }
}
