internal import OstlerProtocol
internal import OstlerSystem

/// Who waits for the answers of a session, by the numbers of their requests.
///
/// Numbers are given in order, so a number itself says its place in the table; nothing is hashed on the way of a task.
@LoopActor
struct PendingRequests {
    private struct Place {
        var number: UInt64 = 0
        var asker: (any Session.Asker)?
    }

    /// A power of two of them, at most half of them taken.
    private var places = Array(repeating: Place(), count: 16)
    private var count = 0

    /// Takes somebody in under the next number whose place is free: those of requests that wait long are passed over.
    mutating func insert(_ asker: any Session.Asker, numbered ids: inout MessageIDs) -> UInt64 {
        if count * 2 >= places.count { grow() }
        var number = ids.next()
        while places[index(of: number)].asker != nil { number = ids.next() }
        places[index(of: number)] = Place(number: number, asker: asker)
        count += 1
        return number
    }

    /// Who asked under a number, once; nil if nobody waits under it.
    mutating func remove(_ number: UInt64) -> (any Session.Asker)? {
        let index = index(of: number)
        guard places[index].number == number, let asker = places[index].asker.take() else { return nil }
        count -= 1
        return asker
    }

    /// Lets go of all.
    mutating func removeAll() -> [any Session.Asker] {
        let waiting = places.filter { $0.asker != nil }.sorted { $0.number < $1.number }
        self = PendingRequests()
        return waiting.compactMap(\.asker)
    }

    private func index(of number: UInt64) -> Int { Int(truncatingIfNeeded: number) & (places.count - 1) }

    private mutating func grow() {
        let old = places
        places = Array(repeating: Place(), count: old.count * 2)
        // Two numbers that had places of their own still have.
        for place in old where place.asker != nil { places[index(of: place.number)] = place }
    }
}
