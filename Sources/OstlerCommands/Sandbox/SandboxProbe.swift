internal import Glibc
internal import OstlerHost
internal import OstlerSandbox
internal import OstlerSystem

/// A process in a sandbox from its start to its end, for what looks at sandboxes rather than uses them.
@LoopActor
final class SandboxProbe: SandboxObserver {
    private let provider: SandboxProvider
    private var report: ExitReport?
    private var failure: LaunchFailure?
    private var waiting: UnsafeContinuation<Void, Never>?

    init(_ provider: SandboxProvider) {
        self.provider = provider
    }

    /// Runs `true`.
    func run(_ policy: SandboxPolicy) async throws(LaunchFailure) -> ExitReport {
        let null = OwnedFD(taking: open("/dev/null", O_RDWR | O_CLOEXEC))
        return try await run(policy, [Array("true".utf8)], output: null.number)
    }

    /// Asks about paths.
    /// - Parameter directory: where paths begin that do not begin at the root; nil for the work directory.
    func ask(
        _ policy: SandboxPolicy,
        _ paths: [[UInt8]],
        in directory: String?
    ) async throws(LaunchFailure) -> [ViewAnswer] {
        let answers: OwnedFD
        do throws(SystemFailure) {
            answers = OwnedFD(taking: try NamelessFile.make(in: Composition.spoolDirectory))
        } catch {
            throw LaunchFailure(describing: error)
        }
        _ = try await run(policy, paths, output: answers.number, in: directory, probe: true)
        guard let found = ViewAnswer.all(Self.content(of: answers.number), count: paths.count) else {
            throw LaunchFailure(describing: SystemFailure("probe", errno: EPROTO))
        }
        return found
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

    private func run(
        _ policy: SandboxPolicy,
        _ arguments: [[UInt8]],
        output: Int32,
        in directory: String? = nil,
        probe: Bool = false
    ) async throws(LaunchFailure) -> ExitReport {
        (report, failure) = (nil, nil)
        let plan = try await provider.plan(for: policy)
        let null = OwnedFD(taking: open("/dev/null", O_RDWR | O_CLOEXEC))
        _ = provider.launcher.spawn(
            plan: plan,
            arguments: arguments,
            workDirectory: directory,
            descriptors: (null.number, output, null.number),
            probe: probe,
            observer: self
        )
        await withUnsafeContinuation { waiting = $0 }
        if let failure { throw failure }
        guard let report else { throw LaunchFailure(launcherLost: ()) }
        return report
    }

    func sandboxExited(_ report: ExitReport) { self.report = report }

    func sandboxFailed(_ failure: LaunchFailure) {
        self.failure = failure
        waiting.take()?.resume()
    }

    func sandboxReaped(_ sandbox: UInt32) { waiting.take()?.resume() }

    func taskGone(isProven: Bool) {}

    func launcherLost() { sandboxFailed(LaunchFailure(launcherLost: ())) }
}
