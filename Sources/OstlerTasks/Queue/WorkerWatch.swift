/// Tells which workers are gone by watching whether they still count up. Each watcher uses its own clock, so that neither
/// a wrong clock nor one that was set makes a living worker a dead one.
///
/// - Parameter ID: what names a worker.
package struct WorkerWatch<ID: Hashable & Sendable>: Sendable {
    private struct Sighting {
        var beats: Int64
        var since: Int64
    }

    /// How long a worker may be silent, in milliseconds.
    package let patience: Int64
    private var sightings: [ID: Sighting] = [:]

    /// - Parameter patience: how long a worker may be silent, in milliseconds.
    package init(patience: Int64 = 15_000) {
        self.patience = patience
    }

    /// Takes in what the store says of the workers now.
    /// - Parameters:
    ///   - workers: all there are, with how often each has reported.
    ///   - now: milliseconds on a clock that never jumps.
    /// - Returns: those that have been silent for too long, with the number that they stopped at.
    package mutating func observe(_ workers: [(id: ID, beats: Int64)], at now: Int64) -> [(id: ID, beats: Int64)] {
        var seen: [ID: Sighting] = [:]
        var silent: [(id: ID, beats: Int64)] = []
        for worker in workers {
            if let earlier = sightings[worker.id], earlier.beats == worker.beats {
                seen[worker.id] = earlier
                if now - earlier.since >= patience { silent.append(worker) }
            } else {
                seen[worker.id] = Sighting(beats: worker.beats, since: now)
            }
        }
        sightings = seen
        return silent
    }
}
