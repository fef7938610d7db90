internal import COstlerLaunch

/// One step of a plan, in the terms of `ostler_launch.h`.
package enum PlanStep: Sendable, Equatable {
    case require(SandboxLayers, best: SandboxLayers)
    case directory(String, mode: UInt16)
    case bind(source: String, target: String, flags: BindFlags)
    case symlink(content: String, at: String)
    case file(String, content: String)
    case devices
    case proc(String)
    case tmpfs(String, size: UInt64, mode: UInt32, flags: BindFlags)
    case workDirectory(String)
    case environment(String)
    case hostname(String)
    case rlimit(ResourceLimit, UInt64)
    case limits(memory: UInt64, processes: UInt64)
    case seccomp
    case programs(SandboxPolicy.Programs)
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
            let body = ostler_tmpfs(size: size, inodes: max(1024, size >> 12), mode: mode, flags: flags.rawValue)
            put(OSTLER_STEP_TMPFS, body, strings: [path])
        case .workDirectory(let path): put(OSTLER_STEP_CWD, strings: [path])
        case .environment(let text): put(OSTLER_STEP_ENV, strings: [text])
        case .hostname(let name): put(OSTLER_STEP_HOSTNAME, strings: [name])
        case .rlimit(let resource, let value):
            put(OSTLER_STEP_RLIMIT, ostler_rlimit(resource: resource.rawValue, reserved: 0, value: value))
        case .limits(let memory, let processes):
            put(OSTLER_STEP_LIMITS, ostler_limits(memory_bytes: memory, processes: processes))
        case .seccomp:
            put(OSTLER_STEP_SECCOMP, ostler_seccomp(profile: OSTLER_SECCOMP_STRICT.rawValue, reserved: 0))
        case .programs(let programs): put(programs)
        }
    }

    private mutating func put(_ programs: SandboxPolicy.Programs) {
        let allowed = programs.allowed ?? []
        let body = ostler_programs(
            allow_count: UInt32(allowed.count),
            block_count: UInt32(programs.blocked.count),
            has_allow: programs.allowed == nil ? 0 : 1,
            reserved: 0
        )
        let ids = (allowed + programs.blocked).map { ostler_file_id(device: $0.device, inode: $0.inode) }
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
