/// What the profile `contained` promises of the attempts to escape: it has no namespaces, so some of them are outside of
/// its promise, and some are refused by something else than where there is a view.
enum ContainedPromise {
    /// Attempts that need not be held, and why.
    static let outside: [String: String] = [
        "capability-sets": processes,
        "cgroup-view.sh": files,
        "device-nodes": "there is no mount without devices: what lies in a granted directory opens by its mode",
        "disk-filler": bounds,
        "fork-bomb": limits,
        "fork-bomb-threads": limits,
        "host-files.sh": files,
        "host-pids": processes,
        "host-proc.sh": processes,
        "identity": identity,
        "inode-filler": bounds,
        "launcher-socket.py": processes,
        "machine-name": "there is no uts namespace: the machine's name is told",
        "memory-bomb": limits,
        "memory-bomb-files": limits,
        "neighbour-files.sh": neighbour,
        "neighbour-abstract": neighbour,
        "neighbour-loopback": neighbour,
        "neighbour-memory": neighbour,
        "neighbour-processes": neighbour,
        "neighbour-signals": neighbour,
        "neighbour-trace": neighbour,
        "pidfd-getfd": processes,
        "proc-keys.sh": processes,
        "setuid-helpers.sh": identity,
        "user-ids-outside": identity,
    ]

    private static let processes = "there is no pid namespace: /proc shows, as names and numbers, what runs beside"
    private static let files = "there is no view: that a path exists can be told, though not what is in it"
    private static let bounds = "there is no tmpfs: its own directory is as large as the disk"
    private static let identity = "there is no user namespace: ids are those of the machine"
    private static let limits = "without a cgroup limits hold for each process, or for an id that others have too"
    private static let neighbour = "no neighbour of this profile has sockets or shared memory that could be reached"

    /// What refuses an attempt whose own list of errors knows the errors of a view alone.
    static let refusedBy: [String: String] = [
        "abstract-sockets": "EAFNOSUPPORT",
        "device-access": "Permission denied",
        "dotdot": "EACCES",
        "host-loopback": "EBADF",
        "network-configuration": "EBADF",
        "posix-shared-memory": "EACCES",
        "proc-1-root": "EACCES",
        "raw-sockets": "EAFNOSUPPORT",
        "routes": "EBADF",
        "system-log": "EACCES",
        "sysv-shared-memory": "EPERM",
        "userfaultfd": "EACCES",
    ]

    /// Whether a result keeps the promise.
    static func isKept(_ result: EscapeResult, by attempt: String, exitCode: Int) -> Bool {
        if result.isHeld(exitCode: exitCode) || outside[attempt] != nil { return true }
        guard let refusal = refusedBy[attempt] else { return false }
        return result.output.hasPrefix("INCONCLUSIVE: ") && result.output.contains(refusal)
    }
}
