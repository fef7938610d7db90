/// A regular expression as instructions for ``PatternMatcher``.
struct PatternProgram: Sendable {
    enum Instruction: Sendable {
        case set(ScalarClass)
        case split(Int, Int)
        case jump(Int)
        case start
        case end
        case boundary(negated: Bool)
        /// Goes on if the look-ahead of that number matches here, or does not.
        case look(Int, negated: Bool)
        case match
    }

    private(set) var instructions: [Instruction] = []
    private(set) var lookaheads: [PatternProgram] = []
    /// Set for patterns that need no program at all.
    let linear: LinearPattern?
    let source: String
    static let maximumInstructions = 4000

    init(_ source: String) throws(PatternError) {
        try self.init(source, PatternParser.parse(source))
    }

    private init(_ source: String, _ node: PatternNode) throws(PatternError) {
        self.source = source
        linear = LinearPattern(node)
        try emit(node)
        instructions.append(.match)
    }

    /// Whether a match can only begin at the start of the text.
    var isAnchored: Bool {
        if case .start? = instructions.first { true } else { false }
    }

    private mutating func emit(_ node: PatternNode) throws(PatternError) {
        guard instructions.count < Self.maximumInstructions else {
            throw PatternError(message: "a pattern that is too large once its repetitions are written out")
        }
        switch node {
        case .empty: break
        case .set(let set): instructions.append(.set(set))
        case .start: instructions.append(.start)
        case .end: instructions.append(.end)
        case .boundary(let negated): instructions.append(.boundary(negated: negated))
        case .sequence(let nodes): for node in nodes { try emit(node) }
        case .choice(let branches): try emit(choice: branches[...])
        case .look(let node, let negated):
            instructions.append(.look(lookaheads.count, negated: negated))
            lookaheads.append(try PatternProgram("", node))
        case .repeated(let node, let least, let most):
            for _ in 0..<least { try emit(node) }
            if let most {
                try emit(optional: node, times: most - least)
            } else {
                let split = reserve()
                try emit(node)
                instructions.append(.jump(split))
                instructions[split] = .split(split + 1, instructions.count)
            }
        }
    }

    private mutating func emit(optional node: PatternNode, times: Int) throws(PatternError) {
        var splits: [Int] = []
        for _ in 0..<times {
            splits.append(reserve())
            try emit(node)
        }
        for split in splits { instructions[split] = .split(split + 1, instructions.count) }
    }

    private mutating func emit(choice branches: ArraySlice<PatternNode>) throws(PatternError) {
        var jumps: [Int] = []
        for branch in branches.dropLast() {
            let split = reserve()
            try emit(branch)
            jumps.append(reserve())
            instructions[split] = .split(split + 1, instructions.count)
        }
        if let last = branches.last { try emit(last) }
        for jump in jumps { instructions[jump] = .jump(instructions.count) }
    }

    private mutating func reserve() -> Int {
        instructions.append(.match)
        return instructions.count - 1
    }
}
