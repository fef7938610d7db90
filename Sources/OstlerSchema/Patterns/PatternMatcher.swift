/// Runs a pattern over UTF-8 by keeping the set of all instructions that it could be at, one code point after the other.
///
/// The time is bounded by the length of the text times that of the program; nothing backtracks.
struct PatternMatcher {
    private let program: PatternProgram
    private let text: UnsafeBufferPointer<UInt8>
    /// How many more instructions may be looked at.
    private var fuel: Int
    static let fuel = 1 << 26

    private init(_ program: PatternProgram, _ text: UnsafeBufferPointer<UInt8>, fuel: Int) {
        self.program = program
        self.text = text
        self.fuel = fuel
    }

    /// Whether the pattern matches somewhere in the text, which must be UTF-8; nil if that takes too long to find out.
    static func matches(_ program: PatternProgram, _ text: UnsafeBufferPointer<UInt8>, fuel: Int = fuel) -> Bool? {
        if let linear = program.linear { return linear.matches(text) }
        return simulates(program, text, fuel: fuel)
    }

    /// The same without the short way for simple patterns.
    static func simulates(_ program: PatternProgram, _ text: UnsafeBufferPointer<UInt8>, fuel: Int = fuel) -> Bool? {
        var matcher = PatternMatcher(program, text, fuel: fuel)
        let found = matcher.run(from: 0, anchored: program.isAnchored)
        return matcher.fuel >= 0 ? found : nil
    }

    private mutating func run(from start: Int, anchored: Bool) -> Bool {
        let count = program.instructions.count
        let words = (count + 63) / 64
        // Two sets of instructions, and a stack that never holds one instruction twice.
        return withUnsafeTemporaryAllocation(of: UInt64.self, capacity: words * 2) { sets in
            withUnsafeTemporaryAllocation(of: Int32.self, capacity: count + 1) { stack in
                sets.initialize(repeating: 0)
                let halves = (
                    UnsafeMutableBufferPointer(rebasing: sets[..<words]),
                    UnsafeMutableBufferPointer(rebasing: sets[words...])
                )
                return scan(from: start, anchored: anchored, halves, stack)
            }
        }
    }

    private mutating func scan(
        from start: Int,
        anchored: Bool,
        _ sets: (UnsafeMutableBufferPointer<UInt64>, UnsafeMutableBufferPointer<UInt64>),
        _ stack: UnsafeMutableBufferPointer<Int32>
    ) -> Bool {
        var (current, next) = sets
        var position = start
        if follow(0, at: position, into: current, stack) { return true }
        while position < text.count, fuel > 0 {
            let (scalar, length) = Self.scalar(text, at: position)
            position += length
            next.update(repeating: 0)
            var isAlive = false
            for word in current.indices {
                var bits = current[word]
                while bits != 0 {
                    let instruction = word * 64 + bits.trailingZeroBitCount
                    bits &= bits - 1
                    fuel -= 1
                    guard case .set(let set) = program.instructions[instruction], set.contains(scalar) else { continue }
                    isAlive = true
                    if follow(instruction + 1, at: position, into: next, stack) { return true }
                }
            }
            if !anchored {
                if follow(0, at: position, into: next, stack) { return true }
            } else if !isAlive {
                return false
            }
            swap(&current, &next)
        }
        fuel -= 1
        return false
    }

    /// Adds an instruction and all that it reaches without consuming anything; true if that is the end of the pattern.
    private mutating func follow(
        _ first: Int,
        at position: Int,
        into set: UnsafeMutableBufferPointer<UInt64>,
        _ stack: UnsafeMutableBufferPointer<Int32>
    ) -> Bool {
        var depth = 0
        func push(_ instruction: Int) {
            let bit: UInt64 = 1 << UInt64(instruction & 63)
            guard set[instruction >> 6] & bit == 0 else { return }
            set[instruction >> 6] |= bit
            stack[depth] = Int32(instruction)
            depth += 1
        }
        push(first)
        while depth > 0 {
            depth -= 1
            let instruction = Int(stack[depth])
            switch program.instructions[instruction] {
            case .set: break
            case .match: return true
            case .jump(let target): push(target)
            case .split(let left, let right):
                push(right)
                push(left)
            case .start: if position == 0 { push(instruction + 1) }
            case .end: if position == text.count { push(instruction + 1) }
            case .boundary(let negated): if isBoundary(position) != negated { push(instruction + 1) }
            case .look(let number, let negated):
                var inner = PatternMatcher(program.lookaheads[number], text, fuel: fuel)
                let found = inner.run(from: position, anchored: true)
                fuel = inner.fuel
                if found != negated { push(instruction + 1) }
            }
        }
        return false
    }

    private func isBoundary(_ position: Int) -> Bool {
        func isWord(_ offset: Int) -> Bool {
            guard text.indices.contains(offset) else { return false }
            let byte = text[offset]
            return byte == 0x5F || (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
        }
        return isWord(position - 1) != isWord(position)
    }

    /// The code point at an offset, and how many bytes it takes.
    @inline(__always)
    static func scalar(_ text: UnsafeBufferPointer<UInt8>, at offset: Int) -> (UInt32, Int) {
        let lead = UInt32(text[offset])
        func tail(_ distance: Int) -> UInt32 {
            offset + distance < text.count ? UInt32(text[offset + distance] & 0x3F) : 0
        }
        if lead < 0x80 { return (lead, 1) }
        if lead < 0xE0 { return ((lead & 0x1F) << 6 | tail(1), 2) }
        if lead < 0xF0 { return ((lead & 0x0F) << 12 | tail(1) << 6 | tail(2), 3) }
        return ((lead & 0x07) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3), 4)
    }
}
