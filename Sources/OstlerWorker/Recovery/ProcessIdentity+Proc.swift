internal import Glibc
package import OstlerStore
internal import OstlerSystem

/// Whether a process is still the one that an identity was taken of.
package enum ProcessPresence: Sendable, Equatable {
    case present
    /// It has ended, and its number may be another's by now.
    case gone
    /// Its number means nothing here: it belongs to another pid namespace of this boot.
    case unknown
}

extension ProcessIdentity {
    /// The boot and the pid namespace in which numbers of this process are meant.
    package static let here: String = {
        let boot = ProcFile.text("/proc/sys/kernel/random/boot_id").split(separator: "\n").first.map(String.init) ?? ""
        return "\(boot)/\(ProcFile.link("/proc/self/ns/pid"))"
    }()

    /// The identity of a process that runs now; nil if there is none with that number.
    package init?(of pid: Int32, cgroup: String? = nil, role: String) {
        guard let start = ProcFile.startTime(of: pid) else { return nil }
        self.init(bootID: Self.here, pid: pid, startTime: start, cgroup: cgroup, role: role)
    }

    /// Whether the process is still there. One that has ended and was not reaped is gone.
    package var presence: ProcessPresence {
        guard bootID == Self.here else {
            let boot = { (text: String) in text.pathParts.first.map(String.init) ?? text }
            return boot(bootID) == boot(Self.here) ? .unknown : .gone
        }
        return ProcFile.startTime(of: pid) == startTime ? .present : .gone
    }
}

/// What the kernel tells in small files of `/proc`.
enum ProcFile {
    /// Empty if it cannot be read.
    static func text(_ path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += chunk.prefix(count)
        }
    }

    /// Where a symbolic link leads; empty if there is none.
    static func link(_ path: String) -> String {
        var target = [CChar](repeating: 0, count: 256)
        let count = readlink(path, &target, target.count)
        return String(decoding: target.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// When a process started, in clock ticks since the boot; nil if there is none, or if it has ended.
    static func startTime(of pid: Int32) -> UInt64? {
        let text = text("/proc/\(pid)/stat")
        // The name stands in parentheses and may hold any; the state follows the last one, and the start is field 22.
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 19, fields[0] != "Z", fields[0] != "X" else { return nil }
        return UInt64(fields[19])
    }

    /// The directory of the cgroup that the launcher has made for what it starts; nil if it made none.
    /// - Parameter run: the name of the run, as the launcher was given it.
    static func cgroup(ofLauncher pid: Int32, run: String) -> String? {
        guard let start = startTime(of: pid) else { return nil }
        let name = "ostler-\(run.prefix(24))-\(pid)-\(start)"
        for line in text("/proc/\(pid)/cgroup").split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 3 else { continue }
            let place = parts[1].isEmpty ? "" : "/\(parts[1])"
            // Where cgroups are handed on to children, the launcher itself sits in a leaf of its own.
            let path = "/sys/fs/cgroup\(place)\(parts[2] == "/" ? "" : parts[2])"
            for candidate in [path + "/" + name, path.hasSuffix("/\(name)/launcher") ? String(path.dropLast(9)) : ""]
            where !candidate.isEmpty && access(candidate, F_OK) == 0 {
                return candidate
            }
        }
        return nil
    }
}
