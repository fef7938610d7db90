/// Finds many patterns in one pass over bytes (Aho and Corasick, 1975). Its depth tells how much of what has been read
/// may still become a match.
struct PatternAutomaton: Sendable {
    fileprivate struct Node {
        let byte: UInt8
        let depth: Int32
        var child: Int32 = 0
        var sibling: Int32 = 0
        /// Where to go on if no pattern continues here: the longest other end of what was read that begins one.
        var fallback: Int32 = 0
        /// How much of what was read may still become more: the depth, unless nothing continues here.
        var open: Int32 = 0
        /// The longest pattern that ends here, and whose it is; 0 if none does.
        var length: Int32 = 0
        var owner: Int32 = 0
    }

    /// Where it stands; 0 is the start.
    typealias State = Int

    private var nodes = [Node(byte: 0, depth: 0)]
    private var first = [Int32](repeating: 0, count: 256)

    /// Of equal patterns the first one's owner counts; empty ones are passed over.
    init(_ patterns: some Sequence<(bytes: [UInt8], owner: Int)>) {
        for (bytes, owner) in patterns where !bytes.isEmpty { insert(bytes, owner) }
        link()
    }

    private mutating func insert(_ bytes: [UInt8], _ owner: Int) {
        var state = 0
        for byte in bytes {
            if let next = child(of: state, byte) {
                state = next
                continue
            }
            let depth = nodes[state].depth + 1
            nodes.append(Node(byte: byte, depth: depth, sibling: nodes[state].child))
            nodes[state].child = Int32(nodes.count - 1)
            if state == 0 { first[Int(byte)] = Int32(nodes.count - 1) }
            state = nodes.count - 1
        }
        guard nodes[state].length == 0 else { return }
        nodes[state].length = Int32(bytes.count)
        nodes[state].owner = Int32(owner)
    }

    /// Level by level, so that a fallback, which is nearer to the start, is ready before it is needed.
    private mutating func link() {
        var level = [0]
        while !level.isEmpty {
            var below: [Int] = []
            for state in level {
                var child = Int(nodes[state].child)
                while child != 0 {
                    link(child, below: state)
                    below.append(child)
                    child = Int(nodes[child].sibling)
                }
            }
            level = below
        }
    }

    private mutating func link(_ node: Int, below parent: Int) {
        let fallback = parent == 0 ? 0 : step(from: Int(nodes[parent].fallback), nodes[node].byte)
        nodes[node].fallback = Int32(fallback)
        nodes[node].open = nodes[node].child == 0 ? nodes[fallback].open : nodes[node].depth
        guard nodes[node].length == 0 else { return }
        nodes[node].length = nodes[fallback].length
        nodes[node].owner = nodes[fallback].owner
    }

    private func child(of state: State, _ byte: UInt8) -> State? {
        if state == 0 { return first[Int(byte)] == 0 ? nil : Int(first[Int(byte)]) }
        var child = Int(nodes[state].child)
        while child != 0 {
            if nodes[child].byte == byte { return child }
            child = Int(nodes[child].sibling)
        }
        return nil
    }

    private func step(from state: State, _ byte: UInt8) -> State {
        var state = state
        while true {
            if let next = child(of: state, byte) { return next }
            if state == 0 { return 0 }
            state = Int(nodes[state].fallback)
        }
    }

    /// Whether a pattern begins with a byte.
    func begins(with byte: UInt8) -> Bool { first[Int(byte)] != 0 }

    /// How many of the last bytes begin a pattern that they do not hold as a whole.
    func openDepth(_ state: State) -> Int { Int(nodes[state].open) }

    /// The same, for many bytes one after the other.
    func withReader<R>(_ body: (Reader) -> R) -> R {
        nodes.withUnsafeBufferPointer { nodes in
            first.withUnsafeBufferPointer { first in body(Reader(nodes: nodes, first: first)) }
        }
    }

    /// A view of the automaton without the cost of sharing it.
    struct Reader {
        fileprivate let nodes: UnsafeBufferPointer<Node>
        fileprivate let first: UnsafeBufferPointer<Int32>

        @inline(__always)
        func step(from start: State, _ byte: UInt8) -> State {
            var state = start
            while state != 0 {
                var child = Int(nodes[state].child)
                while child != 0 {
                    if nodes[child].byte == byte { return child }
                    child = Int(nodes[child].sibling)
                }
                state = Int(nodes[state].fallback)
            }
            return Int(first[Int(byte)])
        }

        /// How many of the last bytes begin some pattern.
        func depth(_ state: State) -> Int { Int(nodes[state].depth) }

        /// The longest pattern that ends with the last byte.
        func match(_ state: State) -> (length: Int, owner: Int)? {
            nodes[state].length == 0 ? nil : (Int(nodes[state].length), Int(nodes[state].owner))
        }
    }
}
