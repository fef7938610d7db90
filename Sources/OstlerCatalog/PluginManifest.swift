package import OstlerJSON
package import OstlerProtocol
package import OstlerTrust

/// What `plugin.yaml` says of a plugin.
///
/// The file is read as ``YAMLDocument`` has it; members that are not listed here are refused.
///
/// ```yaml
/// name: example                # required; [a-z][a-z0-9_-]{0,63}, as every name below
/// version: 1.2.0               # required; text of letters, digits and . + - _ ~
/// description: What it is for
/// protocol: {min: 0, max: 0}   # required; the versions of the protocol that it speaks
/// kind: process                # required; or library or foreign
/// entry:                       # required
///   command: [bin/example, --serve]
///                              # with a slash: below the plugin's directory; absolute, or a bare name such as
///                              # python3: as the sandbox sees it; the rest are arguments
///                              # library: lib/libx.so, or a name such as libz.so.1, for the other two kinds
/// executors:                   # required, at least one
///   - name: example            # required
///     description: What a task does
///     payload: {type: object}  # required; a JSON schema, or {file: schema/example.json}
///     idempotency: unsafe      # pure, idempotent, keyed or unsafe (default)
///     concurrency: 1           # tasks that one process takes at once, 1 (default) to 65536
///     reuse: warm              # warm (default) or never
///     features: {cancel: false, health: false, validate: false, plan: false, status: false, workspace: false}
///     examples:                # payloads for help and for the conformance kit
///       - {name: hello, payload: {}, outcome: succeeded}
/// config_schema: {type: object}  # a JSON schema, or {file: …}, for executors.NAME in the host's configuration
/// needs:                       # what is asked for beyond an empty sandbox
///   launch: false              # to have the launcher start commands
///   network: none              # none (default) or loopback
///   programs: [git]
///   files: [{path: /etc/ssl, access: ro}]   # absolute; ro (default) or rw
///   secrets: [db]              # by their names in the host's configuration
/// limits: {memory: 256MiB, processes: 16, open_files: 64, start_timeout: 5s}   # of the plugin's own process
/// ```
///
/// In the kind `foreign` there are `types` and `functions`, and an executor has `call` or `sequence` in place of
/// `payload`: see ``OstlerForeign/ForeignTable``.
package struct PluginManifest: Sendable {
    /// What a plugin is made of.
    package enum Kind: String, Sendable, CaseIterable {
        /// An executable that speaks the protocol.
        case process
        /// A shared object with the interface of `ostler_executor.h`.
        case library
        /// Any shared object, with a table of functions.
        case foreign
    }

    /// How the plugin's process is started.
    package struct Entry: Sendable, Equatable {
        /// Where the program is.
        package enum Program: Sendable, Equatable {
            /// A path below the plugin's directory.
            case inPlugin(String)
            /// An absolute path, as the sandbox sees it.
            case absolute(String)
            /// A name to be found in the sandbox's PATH.
            case onPath(String)
            /// A shared object below the plugin's directory.
            case libraryInPlugin(String)
            /// A shared object by its absolute path in the sandbox, or by the name that the loader looks up there.
            case libraryOfView(String)
        }

        package let program: Program
        package let arguments: [String]
    }

    /// Limits of the plugin's own process; nil for the host's.
    package struct Limits: Sendable, Equatable {
        package var memory: Int64?
        package var processes: Int?
        package var openFiles: Int?
        package var startTimeoutMilliseconds: Int64?

        package init() {}
    }

    package let name: String
    package let version: String
    package let description: String
    /// The versions of the protocol that the plugin speaks.
    package let protocolVersions: ClosedRange<Int>
    package let kind: Kind
    package let entry: Entry
    /// In the order of the file; never empty, and no name twice.
    package let executors: [ExecutorManifest]
    /// Judges an executor's section in the host's configuration, without the host's own keys.
    package let configSchema: PluginSchema?
    /// What it asks for beyond an empty sandbox.
    package let needs: Permissions
    package let limits: Limits
    /// What `ostler-shim` is to do for a plugin that has no program; nil for one that has.
    package let shim: ShimDeclaration?
}

/// What a manifest says of one executor.
package struct ExecutorManifest: Sendable {
    /// What becomes of the process after a task.
    package enum Reuse: String, Sendable, CaseIterable {
        case warm
        case never
    }

    /// The optional parts of the protocol that the executor answers.
    package struct Features: Sendable, Equatable {
        package var cancel = false
        package var health = false
        package var validate = false
        package var plan = false
        package var status = false
        package var workspace = false

        package init() {}
    }

    /// A payload that must be valid, and what becomes of it.
    package struct Example: Sendable, Equatable {
        package let name: String
        package let payload: JSONValue
        package let outcome: Outcome?
        /// What the workspace and the job of the task are to be like, for an executor that has workspaces; `{}` if the
        /// manifest does not say.
        package let workspace: JSONValue
        package let job: JSONValue
    }

    /// The outcomes that an example may promise.
    package enum Outcome: String, Sendable, CaseIterable {
        case succeeded
        case skipped
        case failed
        case limit
        case partial
        case invalid
        case denied
        case timeout
    }

    package let name: String
    package let description: String
    package let payload: PluginSchema
    package let idempotency: Idempotency
    /// How many tasks one process takes at once.
    package let concurrency: Int
    package let reuse: Reuse
    package let features: Features
    package let examples: [Example]
}
