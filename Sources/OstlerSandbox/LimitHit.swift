internal import Glibc
package import OstlerProtocol

/// A limit that a sandbox ran into, and the area of it that has the limit for itself.
package struct LimitHit: Sendable, Equatable {
    package let limit: Failure.Limit
    package var area: String?
}

extension SandboxPolicy.Limits {
    /// The limits that were reached as the end of a command shows: by what the kernel counted, by its signal, or by a
    /// shell's word of that (128 and the number of the signal).
    package func hits(in report: ExitReport) -> [LimitHit] {
        var hits: [LimitHit] = []
        func add(_ name: String, _ limit: UInt64, _ observed: UInt64, in area: String? = nil) {
            hits.append(LimitHit(limit: .init(name: name, limit: limit, observed: observed), area: area))
        }
        func ended(by signal: Int32) -> Bool { report.signal == signal || report.exitCode == 128 + signal }
        if let memory, report.outOfMemoryKills > 0 { add("memory", memory, report.usage.peakBytes) }
        if let processes, report.deniedForks > 0 { add("processes", processes, processes) }
        let hasLimits = report.layers.contains(.rlimits)
        if hasLimits, let cpuSeconds {
            // The kernel limits by ticks and reports by the clock: on a busy machine that may be a good deal less.
            let used = report.usage.userMicroseconds + report.usage.systemMicroseconds
            let isSignalled = ended(by: SIGXCPU) && used >= cpuSeconds * 500_000
            if isSignalled || ended(by: SIGKILL) && used >= cpuSeconds * 1_000_000 {
                add("cpu", cpuSeconds, max(cpuSeconds, (used + 500_000) / 1_000_000))
            }
        }
        if hasLimits, let fileSize, ended(by: SIGXFSZ) { add("file_size", fileSize, fileSize) }
        // In the order of the plan; a work directory of the host's is none of these.
        for (index, area) in ["/tmp", SandboxPolicy.workPath].enumerated() {
            let bits = report.fullAreas >> UInt32(2 * index)
            if bits & 1 != 0 { add("tmp", temporary, temporary, in: area) }
            if bits & 2 != 0 { add("tmp_files", temporaryFiles, temporaryFiles, in: area) }
        }
        return hits
    }

    /// How many files and directories each writable area holds.
    var temporaryFiles: UInt64 { Self.files(in: temporary) }

    static func files(in size: UInt64) -> UInt64 { max(1024, size >> 12) }

    /// Which limit may be behind a failed command: the kernel tells nobody of some, but programs complain of them.
    /// - Parameter stderr: the end of what the command wrote to stderr.
    /// - Parameter writesToHost: whether it may write to directories of the host, which have limits of their own.
    package func suspicion(
        from stderr: some Sequence<UInt8>,
        enforced: SandboxLayers,
        writesToHost: Bool = false
    ) -> String? {
        let text = String(decoding: Array(stderr), as: UTF8.self)
        guard let complaint = complaints(enforced).first(where: { text.contains($0.phrase) }) else { return nil }
        let limit = "sandbox.limits.\(complaint.key) of \(complaint.limit)"
        let hint = "its stderr says \"\(complaint.phrase)\", perhaps for \(limit)"
        guard complaint.key == "tmp" else { return hint }
        return hint + " in each of /tmp and /work" + (writesToHost ? ", or for a disk behind --out or --workdir" : "")
    }

    /// What programs say of the limits that are in force and that nobody else tells of.
    private func complaints(_ enforced: SandboxLayers) -> [(phrase: String, key: String, limit: UInt64)] {
        var complaints: [(phrase: String, key: String, limit: UInt64)] = []
        if enforced.contains(.rlimits) {
            complaints.append(("Too many open files", "open_files", openFiles))
            if let fileSize { complaints.append(("File too large", "file_size", fileSize)) }
        }
        if enforced.contains(.boundedTmp) { complaints.append(("No space left on device", "tmp", temporary)) }
        guard enforced.contains(.rlimits) else { return complaints }
        // With a cgroup these are counted, and the word of a program is not needed.
        if let memory, !enforced.contains(.memoryLimit) {
            for phrase in ["Cannot allocate memory", "MemoryError", "memory exhausted", "Out of memory", "bad_alloc"] {
                complaints.append((phrase, "memory", memory))
            }
        }
        if let processes, !enforced.contains(.processLimit) {
            for phrase in ["Resource temporarily unavailable", "Cannot fork"] {
                complaints.append((phrase, "processes", processes))
            }
        }
        return complaints
    }
}
