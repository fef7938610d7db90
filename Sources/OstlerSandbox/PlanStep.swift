internal import COstlerLaunch
package import OstlerSystem

/// One step of a plan, in the terms of `ostler_launch.h`.
package enum PlanStep: Sendable, Equatable {
    case require(SandboxLayers, best: SandboxLayers)
    /// Not said: namespaces, no network.
    case fence(SandboxPolicy.Fence, loopback: Bool)
    /// What may be done with a path of the host where there is no view.
    case rule(String, RuleRights)
    case directory(String, mode: UInt16)
    case bind(source: String, target: String, flags: BindFlags)
    case symlink(content: String, at: String)
    case file(String, content: String)
    case devices
    case proc(String)
    case tmpfs(String, size: UInt64, mode: UInt32, flags: BindFlags)
    /// Where the files of secrets that follow are put.
    case secrets(String, size: UInt64)
    case secret(SandboxSecret)
    case workDirectory(String)
    case environment(String)
    case hostname(String)
    case rlimit(ResourceLimit, UInt64)
    case limits(memory: UInt64, processes: UInt64)
    case seccomp(SystemCallFilter)
    case programs(ProgramIdentities)
    /// A file of the host as it was judged; `program` is its place among the allowed identities, if it has one.
    case hostFile(source: String, target: String, stamp: FileStamp, program: Int?)
    case mask(String, FileIdentity)
    case witness(String, FileStamp)
    /// `executable` names what may be executed, nil all.
    case landlock(executable: [String]?)
}

/// Which system calls exist in a sandbox.
package enum SystemCallFilter: Sendable, Equatable {
    case strict
    /// Without files that are only memory: no mount option keeps those from being executed.
    case noMemoryFiles
    /// Without sockets and shared memory, which no namespace keeps apart.
    case contained
}

/// What may be done with a path where there is no view.
package struct RuleRights: OptionSet, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let read = RuleRights(rawValue: OSTLER_RULE_READ.rawValue)
    package static let execute = RuleRights(rawValue: OSTLER_RULE_EXECUTE.rawValue)
    package static let write = RuleRights(rawValue: OSTLER_RULE_WRITE.rawValue)
    package static let control = RuleRights(rawValue: OSTLER_RULE_IOCTL.rawValue)
    /// It need not exist.
    package static let optional = RuleRights(rawValue: OSTLER_RULE_OPTIONAL.rawValue)
}

/// Program files by what they are.
package struct ProgramIdentities: Sendable, Equatable {
    /// nil: all that are not blocked.
    package var allowed: [FileIdentity]?
    package var blocked: [FileIdentity]
    /// Whether what is in the work directory may be started too.
    package var opensWork: Bool

    package init(allowed: [FileIdentity]? = nil, blocked: [FileIdentity] = [], opensWork: Bool = false) {
        self.allowed = allowed
        self.blocked = blocked
        self.opensWork = opensWork
    }
}

/// How a piece of the host is bound.
package struct BindFlags: OptionSet, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let readOnly = BindFlags(rawValue: OSTLER_BIND_RO.rawValue)
    package static let noExecute = BindFlags(rawValue: OSTLER_BIND_NOEXEC.rawValue)
    package static let recursive = BindFlags(rawValue: OSTLER_BIND_RECURSIVE.rawValue)
    package static let optional = BindFlags(rawValue: OSTLER_BIND_OPTIONAL.rawValue)
    package static let mapsOwner = BindFlags(rawValue: OSTLER_BIND_IDMAP.rawValue)
    package static let noLinks = BindFlags(rawValue: OSTLER_BIND_NO_LINKS.rawValue)
    package static let each = BindFlags(rawValue: OSTLER_BIND_EACH.rawValue)
}

/// Limits that each process has for itself; the numbers are Linux's, the same on x86-64 and aarch64.
package enum ResourceLimit: UInt32, Sendable {
    case cpuSeconds = 0
    case fileSize = 1
    case coreSize = 4
    case openFiles = 7
    case lockedMemory = 8
    case messageQueues = 12
    case nice = 13
    case realtimePriority = 14
}

/// A plan as the launcher reads it.
package struct SandboxPlan: Sendable {
    package let steps: [PlanStep]
    package let bytes: [UInt8]

    package init(steps: [PlanStep]) {
        self.steps = steps
        var encoder = PlanEncoder()
        for step in steps { encoder.add(step) }
        bytes = encoder.bytes
    }
}

private struct PlanEncoder {
    var bytes: [UInt8] = []

    mutating func add(_ step: PlanStep) {
        switch step {
        case .require(let required, let best):
            put(OSTLER_STEP_REQUIRE, ostler_require(required: required.rawValue, best: best.rawValue))
        case .directory(let path, let mode): put(OSTLER_STEP_DIR, mode: mode, strings: [path])
        case .bind(let source, let target, let flags):
            put(OSTLER_STEP_BIND, ostler_bind(flags: flags.rawValue, reserved: 0), strings: [source, target])
        case .symlink(let content, let path): put(OSTLER_STEP_SYMLINK, strings: [content, path])
        case .file(let path, let content):
            put(OSTLER_STEP_FILE, mode: 0o644, strings: [path], rest: Array(content.utf8))
        case .devices: put(OSTLER_STEP_DEVICES, strings: [])
        case .proc(let path): put(OSTLER_STEP_PROC, strings: [path])
        case .tmpfs(let path, let size, let mode, let flags):
            let body = ostler_tmpfs(
                size: size,
                inodes: SandboxPolicy.Limits.files(in: size),
                mode: mode,
                flags: flags.rawValue
            )
            put(OSTLER_STEP_TMPFS, body, strings: [path])
        case .workDirectory(let path): put(OSTLER_STEP_CWD, strings: [path])
        case .environment(let text): put(OSTLER_STEP_ENV, strings: [text])
        case .hostname(let name): put(OSTLER_STEP_HOSTNAME, strings: [name])
        case .rlimit(let resource, let value):
            put(OSTLER_STEP_RLIMIT, ostler_rlimit(resource: resource.rawValue, reserved: 0, value: value))
        case .limits(let memory, let processes):
            put(OSTLER_STEP_LIMITS, ostler_limits(memory_bytes: memory, processes: processes))
        case .seccomp(let filter):
            let profile =
                switch filter {
                case .strict: OSTLER_SECCOMP_STRICT
                case .noMemoryFiles: OSTLER_SECCOMP_NO_MEMORY_FILES
                case .contained: OSTLER_SECCOMP_CONTAINED
                }
            put(OSTLER_STEP_SECCOMP, ostler_seccomp(profile: profile.rawValue, reserved: 0))
        case .secrets(let path, let size):
            let flags = BindFlags.noExecute.rawValue
            put(OSTLER_STEP_SECRETS, ostler_tmpfs(size: size, inodes: 1024, mode: 0o500, flags: flags), strings: [path])
        case .secret(let secret): add(secret)
        default: addProgramStep(step)
        }
    }

    private mutating func add(_ secret: SandboxSecret) {
        guard let variable = secret.variable else {
            return put(OSTLER_STEP_SECRET, strings: [secret.path], rest: secret.bytes)
        }
        put(OSTLER_STEP_ENV, strings: [], rest: Array("\(variable)=".utf8) + secret.bytes + [0])
    }

    private mutating func addProgramStep(_ step: PlanStep) {
        switch step {
        case .fence(let fence, let loopback):
            put(OSTLER_STEP_FENCE, ostler_fence(kind: fence.rawValue, loopback: loopback ? 1 : 0))
        case .rule(let path, let rights):
            put(OSTLER_STEP_RULE, ostler_rule(rights: rights.rawValue, reserved: 0), strings: [path])
        case .programs(let programs): put(programs)
        case .hostFile(let source, let target, let stamp, let program):
            let index = program.map { UInt32($0) + 1 } ?? 0
            let body = ostler_host_file(stamp: stamp.body, program: index, reserved: 0)
            put(OSTLER_STEP_HOST_FILE, body, strings: [source, target])
        case .mask(let path, let identity): put(OSTLER_STEP_MASK, identity.body, strings: [path])
        case .witness(let path, let stamp): put(OSTLER_STEP_WITNESS, stamp.body, strings: [path])
        case .landlock(let executable):
            let body = ostler_landlock(limits_execution: executable == nil ? 0 : 1, reserved: 0)
            put(OSTLER_STEP_LANDLOCK, body, strings: executable ?? [])
        default: preconditionFailure("\(step) is no step of programs")
        }
    }

    private mutating func put(_ programs: ProgramIdentities) {
        let allowed = programs.allowed ?? []
        let body = ostler_programs(
            allow_count: UInt32(allowed.count),
            block_count: UInt32(programs.blocked.count),
            has_allow: programs.allowed == nil ? 0 : 1,
            opens_work: programs.opensWork ? 1 : 0
        )
        let ids = (allowed + programs.blocked).map(\.body)
        put(OSTLER_STEP_PROGRAMS, body, rest: ids.withUnsafeBytes { Array($0) })
    }

    private mutating func put<Body: BitwiseCopyable>(
        _ kind: ostler_step_kind,
        _ body: Body,
        strings: [String] = [],
        rest: [UInt8] = []
    ) {
        put(kind, mode: 0, strings: strings, head: withUnsafeBytes(of: body) { Array($0) }, rest: rest)
    }

    private mutating func put(
        _ kind: ostler_step_kind,
        mode: UInt16 = 0,
        strings: [String],
        head: [UInt8] = [],
        rest: [UInt8] = []
    ) {
        var content = head
        for string in strings { content.append(contentsOf: Array(string.utf8) + [0]) }
        content.append(contentsOf: rest)
        let step = ostler_step(kind: UInt16(kind.rawValue), mode: mode, length: UInt32(content.count))
        withUnsafeBytes(of: step) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: content)
        while bytes.count % 8 != 0 { bytes.append(0) }
    }
}

extension FileIdentity {
    fileprivate var body: ostler_file_id { ostler_file_id(device: device, inode: inode) }
}

extension FileStamp {
    fileprivate var body: ostler_stamp { ostler_stamp(id: identity.body, changed_ns: changed) }
}
