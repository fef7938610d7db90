import COstlerLaunch
import OstlerSandbox
import OstlerSystem
import OstlerTestSupport

/// Reads a plan's bytes back into steps by the structures of C, as strictly as the launcher does.
struct PlanReader {
    private var left: ArraySlice<UInt8>

    static func steps(of bytes: [UInt8]) throws -> [PlanStep] {
        var reader = PlanReader(left: bytes[...])
        var steps: [PlanStep] = []
        while !reader.left.isEmpty { steps.append(try reader.step()) }
        return steps
    }

    private mutating func take<Body: BitwiseCopyable>(_ type: Body.Type) throws -> Body {
        let bytes = try take(MemoryLayout<Body>.size)
        return bytes.withUnsafeBytes { $0.loadUnaligned(as: Body.self) }
    }

    private mutating func take(_ count: Int) throws -> ArraySlice<UInt8> {
        guard count <= left.count else { throw TestSupportFailure("plan", "\(count) bytes are not there", errno: 0) }
        defer { left = left.dropFirst(count) }
        return left.prefix(count)
    }

    private mutating func string() throws -> String {
        guard let end = left.firstIndex(of: 0) else {
            throw TestSupportFailure("plan", "a string without end", errno: 0)
        }
        defer { left = left[(end + 1)...] }
        return String(decoding: left[..<end], as: UTF8.self)
    }

    private mutating func step() throws -> PlanStep {
        let head = try take(ostler_step.self)
        let padded = (Int(head.length) + 7) / 8 * 8
        var inner = PlanReader(left: try take(padded).prefix(Int(head.length)))
        let step = try inner.content(of: head)
        guard inner.left.isEmpty else { throw TestSupportFailure("plan", "rest in step \(head.kind)", errno: 0) }
        return step
    }

    private mutating func content(of head: ostler_step) throws -> PlanStep {
        switch ostler_step_kind(UInt32(head.kind)) {
        case OSTLER_STEP_REQUIRE:
            let body = try take(ostler_require.self)
            return .require(SandboxLayers(rawValue: body.required), best: SandboxLayers(rawValue: body.best))
        case OSTLER_STEP_DIR: return .directory(try string(), mode: head.mode)
        case OSTLER_STEP_BIND:
            let body = try take(ostler_bind.self)
            return .bind(source: try string(), target: try string(), flags: BindFlags(rawValue: body.flags))
        case OSTLER_STEP_SYMLINK: return .symlink(content: try string(), at: try string())
        case OSTLER_STEP_FILE:
            let path = try string()
            defer { left = [] }
            guard head.mode == 0o644 else { throw TestSupportFailure("plan", "mode of \(path)", errno: 0) }
            return .file(path, content: String(decoding: left, as: UTF8.self))
        case OSTLER_STEP_DEVICES: return .devices
        default: return try contentOfProcessStep(head)
        }
    }

    private mutating func contentOfProcessStep(_ head: ostler_step) throws -> PlanStep {
        switch ostler_step_kind(UInt32(head.kind)) {
        case OSTLER_STEP_PROC: return .proc(try string())
        case OSTLER_STEP_TMPFS:
            let body = try take(ostler_tmpfs.self)
            guard body.inodes >= 1024 else { throw TestSupportFailure("plan", "inodes", errno: 0) }
            return .tmpfs(try string(), size: body.size, mode: body.mode, flags: BindFlags(rawValue: body.flags))
        case OSTLER_STEP_CWD: return .workDirectory(try string())
        case OSTLER_STEP_ENV: return .environment(try string())
        case OSTLER_STEP_HOSTNAME: return .hostname(try string())
        case OSTLER_STEP_RLIMIT:
            let body = try take(ostler_rlimit.self)
            guard let resource = ResourceLimit(rawValue: body.resource) else {
                throw TestSupportFailure("plan", "resource \(body.resource)", errno: 0)
            }
            return .rlimit(resource, body.value)
        case OSTLER_STEP_LIMITS:
            let body = try take(ostler_limits.self)
            return .limits(memory: body.memory_bytes, processes: body.processes)
        case OSTLER_STEP_SECCOMP:
            switch ostler_seccomp_profile(try take(ostler_seccomp.self).profile) {
            case OSTLER_SECCOMP_STRICT: return .seccomp(.strict)
            case OSTLER_SECCOMP_NO_MEMORY_FILES: return .seccomp(.noMemoryFiles)
            case OSTLER_SECCOMP_CONTAINED: return .seccomp(.contained)
            case let other: throw TestSupportFailure("plan", "seccomp \(other)", errno: 0)
            }
        default: return try contentOfProgramStep(head)
        }
    }

    private mutating func contentOfProgramStep(_ head: ostler_step) throws -> PlanStep {
        switch ostler_step_kind(UInt32(head.kind)) {
        case OSTLER_STEP_FENCE:
            let body = try take(ostler_fence.self)
            guard let fence = SandboxPolicy.Fence(rawValue: body.kind) else {
                throw TestSupportFailure("plan", "fence \(body.kind)", errno: 0)
            }
            return .fence(fence, loopback: body.loopback == 1)
        case OSTLER_STEP_RULE:
            let body = try take(ostler_rule.self)
            return .rule(try string(), RuleRights(rawValue: body.rights))
        case OSTLER_STEP_PROGRAMS:
            let body = try take(ostler_programs.self)
            let allowed = try (0..<body.allow_count).map { _ in try identity() }
            let blocked = try (0..<body.block_count).map { _ in try identity() }
            let known = body.has_allow == 1 ? allowed : nil
            return .programs(.init(allowed: known, blocked: blocked, opensWork: body.opens_work == 1))
        case OSTLER_STEP_HOST_FILE:
            let stamp = try stamp()
            let body = try (take(UInt32.self), take(UInt32.self))
            let program = body.0 == 0 ? nil : Int(body.0) - 1
            return .hostFile(source: try string(), target: try string(), stamp: stamp, program: program)
        case OSTLER_STEP_MASK:
            let identity = try identity()
            return .mask(try string(), identity)
        case OSTLER_STEP_WITNESS:
            let stamp = try stamp()
            return .witness(try string(), stamp)
        case OSTLER_STEP_LANDLOCK:
            let body = try take(ostler_landlock.self)
            var paths: [String] = []
            while !left.isEmpty { paths.append(try string()) }
            return .landlock(executable: body.limits_execution == 1 ? paths : nil)
        default: throw TestSupportFailure("plan", "unknown step \(head.kind)", errno: 0)
        }
    }

    private mutating func stamp() throws -> FileStamp {
        FileStamp(identity: try identity(), changed: try take(UInt64.self))
    }

    private mutating func identity() throws -> FileIdentity {
        let id = try take(ostler_file_id.self)
        return FileIdentity(device: id.device, inode: id.inode)
    }
}
