internal import Glibc
internal import OstlerConfig
internal import OstlerHost

/// What the machine lets this process do, found out by asking it for each thing.
struct MachineProbes {
    private let config: HostConfig

    init(_ config: HostConfig) {
        self.config = config
    }

    var checks: [DoctorCheck] {
        [kernel, proc, descriptors, spool, Self.launcherProgram] + Self.sysctls + (geteuid() == 0 ? [userIDs] : [])
    }

    private var kernel: DoctorCheck {
        var name = utsname()
        guard uname(&name) == 0 else { return failed("kernel", "uname", errno) }
        let release = Self.text(name.release)
        let machine = Self.text(name.machine)
        var check = DoctorCheck.ok("kernel", "Linux \(release) on \(machine)")
        guard !["x86_64", "aarch64"].contains(machine) else { return check }
        check.status = .failed
        check.cause = "the filter of system calls knows x86_64 and aarch64"
        check.fix = "run it on one of these"
        return check
    }

    private static func text<Tuple>(_ tuple: Tuple) -> String {
        withUnsafeBytes(of: tuple) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    private var proc: DoctorCheck {
        guard access("/proc/self/exe", F_OK) == 0 else {
            var check = failed("proc", "/proc/self/exe", errno)
            check.cause = "/proc is not mounted here"
            check.fix = "mount proc at /proc"
            return check
        }
        return .ok("proc", "/proc is there")
    }

    /// Each running task takes descriptors of the host: pipes, and a socket.
    private var descriptors: DoctorCheck {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit)
        var check = DoctorCheck.ok("descriptors", "\(limit.rlim_cur) may be open")
        guard limit.rlim_cur < Self.fewDescriptors else { return check }
        check.status = .missing
        check.cause = "the limit of open files is low: each task at work takes some"
        check.fix = "ulimit -n \(min(limit.rlim_max, 4096)), or run fewer tasks at once (--jobs)"
        return check
    }

    private static let fewDescriptors: rlim_t = 256

    /// Makes a file of the kind that long output goes to, and leaves nothing behind.
    private var spool: DoctorCheck {
        let directory = Composition.spoolDirectory
        var path = Array((directory + "/ostler-doctor-XXXXXX").utf8CString)
        let file = mkstemp(&path)
        guard file >= 0 else {
            var check = failed("spool directory", directory, errno)
            check.cause = "long output of tasks cannot be kept there"
            check.fix = "set TMPDIR to a directory that you can write"
            return check
        }
        unlink(path)
        close(file)
        return .ok("spool directory", directory)
    }

    private static var launcherProgram: DoctorCheck {
        let path = Installation.launcher
        var status = stat()
        guard stat(path, &status) == 0, access(path, X_OK) == 0 else {
            var check = failed("launcher program", path, errno)
            check.cause = "Ostler is not installed as a whole, or \(Installation.launcherVariable) leads elsewhere"
            check.fix = "install Ostler again with scripts/install"
            return check
        }
        guard status.st_mode & 0o022 == 0, status.st_uid == 0 || status.st_uid == geteuid() else {
            var check = DoctorCheck(name: "launcher program", status: .missing, detail: path)
            check.cause = "somebody else may replace it: it is not yours or root's alone"
            check.fix = "chown it to yourself or root; chmod go-w \(path)"
            return check
        }
        return .ok("launcher program", path)
    }

    private func failed(_ name: String, _ what: String, _ code: Int32) -> DoctorCheck { Self.failed(name, what, code) }

    private static func failed(_ name: String, _ what: String, _ code: Int32) -> DoctorCheck {
        DoctorCheck(name: name, status: .failed, detail: "\(what): \(String(cString: strerror(code)))")
    }

    // MARK: Settings of the kernel

    /// Switches that turn namespaces off; those that this kernel does not have are passed over.
    private static var sysctls: [DoctorCheck] {
        let isRoot = geteuid() == 0
        let known: [(name: String, isBad: (Int) -> Bool, fix: String)] = [
            ("user.max_user_namespaces", { $0 == 0 }, "sysctl user.max_user_namespaces=10000"),
            ("user.max_net_namespaces", { $0 == 0 }, "sysctl user.max_net_namespaces=10000"),
            ("user.max_mnt_namespaces", { $0 == 0 }, "sysctl user.max_mnt_namespaces=10000"),
            ("user.max_pid_namespaces", { $0 == 0 }, "sysctl user.max_pid_namespaces=10000"),
            ("kernel.unprivileged_userns_clone", { $0 == 0 && !isRoot }, "sysctl kernel.unprivileged_userns_clone=1"),
            (
                "kernel.apparmor_restrict_unprivileged_userns", { $0 == 1 && !isRoot },
                "give ostler-launch an AppArmor profile with userns, or set it to 0"
            ),
        ]
        return known.compactMap { name, isBad, fix in
            let path = "/proc/sys/" + String(name.map { $0 == "." ? "/" : $0 })
            guard let bytes = try? SmallFile.read(path).bytes,
                let value = Int(String(decoding: bytes, as: UTF8.self).split(separator: "\n").first ?? "")
            else { return nil }
            guard isBad(value) else { return .ok(name, "\(value)") }
            var check = DoctorCheck(name: name, status: .failed, detail: "\(value)")
            check.cause = "this setting of the kernel forbids namespaces to this user"
            check.fix = fix
            return check
        }
    }

    // MARK: Ids of sandboxes

    /// Root's sandboxes run under ids that nobody else should have.
    private var userIDs: DoctorCheck {
        let range = config.sandbox.uidRange
        let last = UInt64(range.first) + UInt64(range.count) - 1
        var check = DoctorCheck.ok("uid_range", "\(range.first) to \(last)")
        guard let accounts = try? SmallFile.read("/etc/passwd").bytes else { return check }
        let taken = String(decoding: accounts, as: UTF8.self).split(separator: "\n").first { line in
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count > 2, let id = UInt64(fields[2]) else { return false }
            return id >= UInt64(range.first) && id <= last
        }
        guard let taken else { return check }
        check.status = .missing
        check.cause = "the account \(taken.split(separator: ":").first ?? "") has an id of this range"
        check.fix = "set sandbox.uid_range to ids that no account has"
        return check
    }
}
