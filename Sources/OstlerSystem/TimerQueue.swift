/// Names a timer.
package struct TimerID: Hashable, Sendable {
    let number: UInt64
}

/// Timers by deadline, and of the same deadline by age: a binary heap. Cancelled ones stay in it until they come up or
/// outnumber the live ones.
struct TimerQueue {
    private struct Entry {
        let deadline: Instant
        let id: UInt64

        static func < (left: Entry, right: Entry) -> Bool {
            (left.deadline.nanoseconds, left.id) < (right.deadline.nanoseconds, right.id)
        }
    }

    private var heap: [Entry] = []
    private var actions: [UInt64: @LoopActor () -> Void] = [:]
    private var counter: UInt64 = 0

    var isEmpty: Bool { heap.isEmpty }

    mutating func add(_ deadline: Instant, _ action: @escaping @LoopActor () -> Void) -> TimerID {
        counter += 1
        actions[counter] = action
        heap.append(Entry(deadline: deadline, id: counter))
        siftUp(heap.count - 1)
        return TimerID(number: counter)
    }

    mutating func remove(_ timer: TimerID) {
        guard actions.removeValue(forKey: timer.number) != nil else { return }
        guard heap.count > 64, heap.count > actions.count * 2 else { return }
        let live = heap.filter { actions[$0.id] != nil }
        heap.removeAll(keepingCapacity: true)
        for entry in live {
            heap.append(entry)
            siftUp(heap.count - 1)
        }
    }

    /// -1 if there is nothing to wait for; rounded up, so that a timer is never early.
    mutating func millisecondsToNext() -> Int32 {
        dropCancelled()
        guard let first = heap.first else { return -1 }
        let left = first.deadline.nanoseconds - Instant.now.nanoseconds
        guard left > 0 else { return 0 }
        return Int32(clamping: (left + 999_999) / 1_000_000)
    }

    /// What is due, earliest first. Each can still be removed until its action is taken.
    mutating func takeDue(_ now: Instant) -> [TimerID] {
        var due: [TimerID] = []
        while let first = heap.first, first.deadline <= now {
            removeFirst()
            if actions[first.id] != nil { due.append(TimerID(number: first.id)) }
        }
        return due
    }

    /// The action of a timer that is due; nil if it was removed meanwhile.
    mutating func takeAction(of timer: TimerID) -> (@LoopActor () -> Void)? {
        actions.removeValue(forKey: timer.number)
    }

    private mutating func dropCancelled() {
        while let first = heap.first, actions[first.id] == nil { removeFirst() }
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var index = 0
        while true {
            let left = index * 2 + 1
            guard left < heap.count else { return }
            let right = left + 1
            let child = right < heap.count && heap[right] < heap[left] ? right : left
            guard heap[child] < heap[index] else { return }
            heap.swapAt(index, child)
            index = child
        }
    }

    private mutating func siftUp(_ position: Int) {
        var index = position
        while index > 0, heap[index] < heap[(index - 1) / 2] {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }
}
