internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerStore
internal import OstlerSystem
internal import OstlerTasks

/// Settles what workers that are gone have left: ends what still runs of it, and only then says what became of it.
/// Blocks; a thread of its own.
struct Orphanage: Sendable {
    /// What came of one orphan.
    enum Fate: Sendable {
        case settled(Settlement, isProven: Bool)
        /// Its processes cannot be ended, or the store did not take the word.
        case left
    }

    let store: any TaskStore
    /// Whose the orphans become.
    let worker: WorkerID

    /// Takes over what a silent worker held.
    /// - Returns: nil if it has reported meanwhile, or others were faster.
    func adopt(from silence: Heartbeat.Silence) throws(Failure) -> [Orphan]? {
        try store.evict(silence.worker, beats: silence.beats, by: worker, at: WallClock.milliseconds)
    }

    /// Ends what is left of orphans, and settles them.
    func settle(_ orphans: [Orphan]) -> [(orphan: Orphan, fate: Fate)] {
        var proofs: [ProcessIdentity: ProcessEnd.Proof] = [:]
        return orphans.map { orphan in
            for identity in orphan.identities where proofs[identity] == nil {
                proofs[identity] = ProcessEnd.end(identity)
            }
            return (orphan, settle(orphan, orphan.identities.compactMap { proofs[$0] }))
        }
    }

    private func settle(_ orphan: Orphan, _ proofs: [ProcessEnd.Proof]) -> Fate {
        guard !proofs.contains(.alive) else { return .left }
        // Where nothing was begun there is nothing that could be left.
        let isProven = orphan.phase == .claimed || !proofs.isEmpty && proofs.allSatisfy { $0 == .gone }
        do throws(Failure) {
            let now = WallClock.milliseconds
            let note = Note("recovery", detail: detail(orphan, isProven))
            try store.note([note], on: orphan.lease.task, attempt: orphan.lease.attempt, at: now)
            return .settled(try store.abandon(orphan.lease, at: now), isProven: isProven)
        } catch {
            return .left
        }
    }

    private func detail(_ orphan: Orphan, _ isProven: Bool) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("worker")
        writer.int(orphan.formerWorker.rawValue)
        writer.key("phase")
        writer.string(orphan.phase.rawValue)
        writer.key("processes")
        writer.beginArray()
        for identity in orphan.identities {
            writer.beginObject()
            writer.key("role")
            writer.string(identity.role)
            writer.key("pid")
            writer.int(identity.pid)
            writer.optional("cgroup", identity.cgroup)
            writer.endObject()
        }
        writer.endArray()
        writer.key("survivors")
        writer.string(isProven ? "none" : "unverified")
        writer.endObject()
        return writer.bytes
    }
}
