/// A pattern that one pass decides without keeping a set of states: `^[a-z][a-z0-9_]*$` and the like.
///
/// It is a row of character classes from the start of the text on, each taken as often as it can be. That is the right
/// thing only if no class shares a code point with what may follow it; other patterns need ``PatternMatcher``.
struct LinearPattern: Sendable {
    private struct Step: Sendable {
        let set: ScalarClass
        let least: Int
        let most: Int

        var isMandatory: Bool { least > 0 }
        var isFixed: Bool { least == most }
    }

    private var steps: [Step] = []
    private var endsAtEnd = false

    /// Nil unless the pattern is of this simple kind.
    init?(_ node: PatternNode) {
        guard case .sequence(var terms) = node, terms.first == .start else { return nil }
        terms.removeFirst()
        if terms.last == .end {
            endsAtEnd = true
            terms.removeLast()
        }
        for term in terms {
            switch term {
            case .set(let set): steps.append(Step(set: set, least: 1, most: 1))
            case .repeated(.set(let set), let least, let most):
                steps.append(Step(set: set, least: least, most: most ?? .max))
            default: return nil
            }
        }
        for (index, step) in steps.enumerated() where !step.isFixed {
            for next in steps[(index + 1)...] {
                guard step.set.isSurelyDisjoint(with: next.set) else { return nil }
                if next.isMandatory { break }
            }
        }
    }

    func matches(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        var position = 0
        for step in steps {
            var count = 0
            while count < step.most, position < text.count {
                let (scalar, length) = PatternMatcher.scalar(text, at: position)
                guard step.set.contains(scalar) else { break }
                position += length
                count += 1
            }
            if count < step.least { return false }
        }
        return !endsAtEnd || position == text.count
    }
}
