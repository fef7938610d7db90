internal import COstlerShims
internal import Glibc
package import OstlerStore
internal import OstlerSystem

/// Ends what somebody else had started, by its identity and never by its number alone. Blocks.
package enum ProcessEnd {
    /// What is known after an attempt to end something.
    package enum Proof: String, Sendable {
        /// Nothing of it is left.
        case gone
        /// It resists SIGKILL, as a process does that waits for a device.
        case alive
        /// It runs, or ran, where its number means nothing to us.
        case unknown
    }

    /// How long is waited for the kernel.
    private static let patience: Int64 = 10_000

    /// Ends a process, and what its cgroup holds.
    package static func end(_ identity: ProcessIdentity) -> Proof {
        switch identity.presence {
        case .unknown: return .unknown
        case .present: kill(identity)
        case .gone: break
        }
        guard identity.bootID == ProcessIdentity.here else { return .gone }
        let deadline = Instant.now.advanced(milliseconds: patience)
        while Instant.now < deadline {
            let members = identity.cgroup.map(members(ofCgroup:)) ?? []
            if members.isEmpty, identity.presence == .gone { return .gone }
            // A cgroup bears the number and the start of its launcher in its name: it is nobody else's.
            for member in members { Glibc.kill(member, SIGKILL) }
            usleep(2000)
        }
        return .alive
    }

    /// The signal goes to the process that was looked at, not to one that got its number meanwhile.
    private static func kill(_ identity: ProcessIdentity) {
        let descriptor = ostler_pidfd_open(identity.pid)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        guard identity.presence == .present else { return }
        _ = ostler_pidfd_kill(descriptor)
    }

    /// The processes of a cgroup and of those below it.
    private static func members(ofCgroup path: String) -> [Int32] {
        let own = ProcFile.text(path + "/cgroup.procs").split(separator: "\n").compactMap { Int32($0) }
        guard let directory = opendir(path) else { return own }
        defer { closedir(directory) }
        var all = own
        while let entry = readdir(directory) {
            guard entry.pointee.d_type == UInt8(DT_DIR) else { continue }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { all += members(ofCgroup: path + "/" + name) }
        }
        return all
    }
}
