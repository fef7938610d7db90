import OstlerProtocol
import OstlerSystem
import OstlerTestSupport
import Testing

@testable import OstlerHost

@LoopActor
private final class Waiter: Session.Asker {
    nonisolated init() {}
    func answered(_ answer: Session.Answer) {}
}

@Suite struct PendingRequestsTests {
    /// What the table must do, with a dictionary in its place.
    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
    func `each request is found once by its number, however long others wait`(seed: UInt64) async {
        EventLoop.shared.startThread()
        await Task { @LoopActor in
            var random = SeededGenerator(seed: seed)
            var (ids, table) = (MessageIDs(), PendingRequests())
            var model: [UInt64: Waiter] = [:]
            for _ in 0..<5000 {
                // Now and then the table grows; mostly it is small, and old requests stand in the way of new ones.
                if model.isEmpty || Int.random(in: 0..<100, using: &random) < (model.count < 60 ? 55 : 45) {
                    let waiter = Waiter()
                    let number = table.insert(waiter, numbered: &ids)
                    #expect(model.updateValue(waiter, forKey: number) == nil && number <= ids.issued)
                } else if let number = model.keys.sorted().randomElement(using: &random) {
                    let found = table.remove(number) as AnyObject?
                    #expect(found === model.removeValue(forKey: number))
                    #expect(table.remove(number) == nil)
                }
            }
            #expect(table.remove(ids.issued + 1) == nil)
            let left = table.removeAll().map { ObjectIdentifier($0) }
            #expect(left == model.sorted { $0.key < $1.key }.map { ObjectIdentifier($0.value) })
            #expect(table.removeAll().isEmpty)
        }.value
    }
}
