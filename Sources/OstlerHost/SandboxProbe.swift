internal import Glibc
package import OstlerSandbox
package import OstlerSystem

/// A process in a sandbox from its start to its end, one at a time: for what looks at sandboxes, or asks in them.
@LoopActor
package final class SandboxProbe: SandboxObserver {
    private let provider: SandboxProvider
    private var report: ExitReport?
    private var failure: LaunchFailure?
    private var waiting: UnsafeContinuation<Void, Never>?
    private var number: UInt64?
    private var isStopped = false

    package init(_ provider: SandboxProvider) {
        self.provider = provider
    }

    /// Runs a program to its end, without input; what it writes is thrown away.
    /// - Parameters:
    ///   - environment: `KEY=VALUE`, beside what the policy says.
    ///   - directory: where it begins; nil for the work directory.
    package func run(
        _ policy: SandboxPolicy,
        _ arguments: [String] = ["true"],
        environment: [String] = [],
        in directory: String? = nil
    ) async throws(LaunchFailure) -> ExitReport {
        let null = OwnedFD(taking: open("/dev/null", O_RDWR | O_CLOEXEC))
        return try await start(
            policy,
            arguments.map { Array($0.utf8) },
            environment,
            null.number,
            directory,
            asks: false
        )
    }

    /// Asks about paths.
    /// - Parameters:
    ///   - directory: where paths begin that do not begin at the root; nil for the work directory.
    ///   - spool: the directory on the host for the answers, in a file without a name.
    package func ask(
        _ policy: SandboxPolicy,
        _ paths: [[UInt8]],
        in directory: String?,
        spool: String
    ) async throws(LaunchFailure) -> [ViewAnswer] {
        let answers: OwnedFD
        do throws(SystemFailure) {
            answers = OwnedFD(taking: try NamelessFile.make(in: spool))
        } catch {
            throw LaunchFailure(describing: error)
        }
        var policy = policy
        policy.limits.fileSize = nil
        _ = try await start(policy, paths, [], answers.number, directory, asks: true)
        guard let found = ViewAnswer.all(Self.content(of: answers.number), count: paths.count) else {
            throw LaunchFailure(describing: SystemFailure("probe", errno: EPROTO))
        }
        return found
    }

    /// Kills what runs, and whatever would be started later: the call that waits for it comes back once all is reaped.
    package func stop() {
        isStopped = true
        if let number { provider.launcher.signal(SIGKILL, number: number, isTask: false) }
    }

    private static func content(of file: Int32) -> [UInt8] {
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = pread(file, &chunk, chunk.count, off_t(content.count))
            guard count > 0 else { return content }
            content += chunk.prefix(count)
        }
    }

    private func start(
        _ policy: SandboxPolicy,
        _ arguments: [[UInt8]],
        _ environment: [String],
        _ output: Int32,
        _ directory: String?,
        asks: Bool
    ) async throws(LaunchFailure) -> ExitReport {
        (report, failure) = (nil, nil)
        let plan = try await provider.plan(for: policy)
        guard !isStopped else { throw LaunchFailure(describing: SystemFailure("start", errno: ECANCELED)) }
        let null = OwnedFD(taking: open("/dev/null", O_RDWR | O_CLOEXEC))
        number = provider.launcher.spawn(
            plan: plan,
            arguments: arguments,
            environment: environment,
            workDirectory: directory,
            descriptors: (null.number, output, null.number),
            probe: asks,
            observer: self
        )
        await withUnsafeContinuation { waiting = $0 }
        number = nil
        if let failure { throw failure }
        guard let report else { throw LaunchFailure(launcherLost: ()) }
        return report
    }

    package func sandboxExited(_ report: ExitReport) { self.report = report }

    package func sandboxFailed(_ failure: LaunchFailure) {
        self.failure = failure
        waiting.take()?.resume()
    }

    package func sandboxReaped(_ sandbox: UInt32) { waiting.take()?.resume() }

    package func taskGone(isProven: Bool) {}

    package func launcherLost() { sandboxFailed(LaunchFailure(launcherLost: ())) }
}
