internal import COstlerLaunch
internal import Glibc
package import OstlerProtocol
package import OstlerSystem

/// How the first process of a sandbox ended, as the kernel told the launcher.
package struct ExitReport: Sendable {
    package let sandbox: UInt32
    package let exitCode: Int32
    package let signal: Int32?
    /// What was enforced.
    package let layers: SandboxLayers
    package let outOfMemoryKills: UInt32
    package let deniedForks: UInt32
    /// `full` of the report: which of the sandbox's own areas held as much as they may.
    let fullAreas: UInt32
    package let usage: ExecuteResult.Usage

    init(_ body: ostler_exited) {
        sandbox = body.sandbox
        let signalNumber = body.status & 0x7F
        signal = signalNumber == 0 ? nil : signalNumber
        exitCode = signalNumber == 0 ? body.status >> 8 & 0xFF : -1
        layers = SandboxLayers(rawValue: body.layers)
        outOfMemoryKills = body.oom_kills
        deniedForks = body.pids_denied
        fullAreas = body.full
        usage = .init(user: body.user_us, system: body.system_us, wall: body.wall_us, peak: body.peak_bytes)
    }
}

/// A sandbox or plan that could not be had: which step, which error, which layer.
package struct LaunchFailure: Error, Sendable {
    package let stage: String
    package let errno: Int32
    package let layer: SandboxLayer?
    package let detail: String
    /// Whether the plugin that was to start commands for the task is gone: the task was not taken.
    package var isPluginGone: Bool { stage == "request" && errno == ESRCH }
    /// Whether files were not those any more that had been judged.
    package var isStale: Bool { stage == "template" && errno == ESTALE }
    /// Whether the sandbox stood and only the program was not to be had.
    package let isProgramFault: Bool

    init(_ body: ostler_failed, detail: String) {
        stage = String(cString: ostler_stage_name(body.stage))
        errno = body.err
        layer = body.layer >= 0 ? SandboxLayer(rawValue: UInt32(body.layer)) : nil
        self.detail = detail
        let programStages = [OSTLER_STAGE_CWD, OSTLER_STAGE_PROGRAM, OSTLER_STAGE_EXEC].map { Int32($0.rawValue) }
        isProgramFault = programStages.contains(body.stage)
    }

    init(stage: String, errno: Int32, detail: String) {
        self.stage = stage
        self.errno = errno
        layer = nil
        self.detail = detail
        isProgramFault = false
    }
}

/// Someone who started a sandbox, or a task that may start some. Called on the loop.
@LoopActor
package protocol SandboxObserver: AnyObject {
    /// The first process has ended; others may still be dying.
    func sandboxExited(_ report: ExitReport)
    /// A sandbox could not be started.
    func sandboxFailed(_ failure: LaunchFailure)
    /// Pid 1 of a sandbox has been reaped: nothing in it is left.
    func sandboxReaped(_ sandbox: UInt32)
    /// The launcher has ended all that it knows of the task. Only for tasks, after ``Launcher/endTask(_:)``.
    /// - Parameter isProven: whether it is the kernel's word, by pid namespaces, that nothing is left.
    func taskGone(isProven: Bool)
    /// The launcher died; by the kernel's rule everything that it had started died with it.
    func launcherLost()
}

extension LaunchFailure {
    /// The launcher died and took everything with it.
    package init(launcherLost: Void) {
        self.init(stage: "launcher", errno: Self.connectionReset, detail: "the launcher ended unexpectedly")
    }

    /// Something else went wrong on the way to a sandbox.
    package init(describing error: any Error) {
        let system = error as? SystemFailure
        self.init(stage: system?.call ?? "host", errno: system?.errno ?? 0, detail: "\(error)")
    }

    private static var connectionReset: Int32 { 104 }
}
