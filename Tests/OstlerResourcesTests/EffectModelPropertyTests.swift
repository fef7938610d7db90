import OstlerResources
import OstlerTasks
import OstlerTestSupport
import Testing

@Suite struct EffectModelPropertyTests {
    private static let paths = ["/a", "/a/b", "/a/b/c", "/a/d", "/e", "/e/f", "/ab"]

    /// The model does not see the tree. Whatever it says for certain must be so in the tree where the same was done.
    @Test func `What the model is sure of is so`() {
        var random = SeededGenerator(seed: 3)
        var sure = 0
        for round in 0..<1000 {
            var tree = Tree()
            for path in Self.paths where Bool.random(using: &random) { tree.put(path, isDirectory: true) }
            let initial = tree
            var model = EffectModel()
            for _ in 0..<Int.random(in: 1...5, using: &random) { Self.step(&tree, &model, &random) }
            for path in Self.paths {
                let knowledge = model.knowledge(of: path)
                let isSo =
                    switch knowledge {
                    case .absent: tree.nodes[path] == nil
                    case .file: tree.nodes[path] == false
                    case .directory: tree.nodes[path] == true
                    case .something: tree.nodes[path] != nil
                    case .asItIs: tree.nodes[path] == initial.nodes[path]
                    case .kept: initial.nodes[path] != true || tree.nodes[path] == true
                    case .unknown: true
                    }
                #expect(isSo, "round \(round): \(path) is \(knowledge)")
                if knowledge != .unknown { sure += 1 }
            }
        }
        #expect(sure > 3500, "a model that is never sure tells nothing: \(sure)")
    }

    /// One thing that could be done, in the tree and in the model.
    private static func step(_ tree: inout Tree, _ model: inout EffectModel, _ random: inout SeededGenerator) {
        let path = paths.randomElement(using: &random) ?? "/a"
        switch Int.random(in: 0..<7, using: &random) {
        case 0 where tree.hasParent(path) && tree.nodes[path] != true:
            tree.put(path, isDirectory: false)
            model.make(FileResource(path: path), isFresh: true)
        // A run makes a directory only where it knows what is there.
        case 1
        where tree.hasParent(path) && tree.nodes[path] != false
            && [.absent, .asItIs].contains(model.knowledge(of: path)):
            let file = FileResource(path: path, ensure: .directory)
            model.make(file, isFresh: tree.nodes[path] == nil)
            tree.put(path, isDirectory: true)
        case 2:
            tree.remove(path)
            model.make(FileResource(path: path, ensure: .absent), isFresh: false)
        case 3 where tree.nodes[path] == nil && tree.canHold(path):
            tree.put(path, isDirectory: Bool.random(using: &random))
            model.execute(DeclaredEffects(creates: [path]), "x")
        case 4 where Int.random(in: 0..<4, using: &random) == 0:
            tree = Tree()
            model.execute(nil, "x")
        case 5: maybe(path, &tree, &model, &random)
        case 6 where [.asItIs, .kept, .absent].contains(model.knowledge(of: path)) && tree.nodes[path] != true:
            let found: FileInspection.Found? =
                model.knowledge(of: path) == .absent ? nil : tree.nodes[path] == nil ? .nothing : .file
            model.doubt(FileResource(path: path), found: found, "x")
            if tree.hasParent(path), Bool.random(using: &random) { tree.put(path, isDirectory: false) }
        default: break
        }
    }

    /// A command that is executed, or not.
    private static func maybe(
        _ path: String,
        _ tree: inout Tree,
        _ model: inout EffectModel,
        _ random: inout SeededGenerator
    ) {
        let isDone = Bool.random(using: &random)
        if Bool.random(using: &random) {
            model.doubt(DeclaredEffects(removes: [path]), "x")
            if isDone { tree.remove(path) }
        } else if tree.nodes[path] == nil, tree.canHold(path) {
            model.doubt(DeclaredEffects(creates: [path]), "x")
            if isDone { tree.put(path, isDirectory: Bool.random(using: &random)) }
        }
    }

    /// Paths that are there, and whether they are directories.
    private struct Tree {
        var nodes: [String: Bool] = ["/": true]

        func hasParent(_ path: String) -> Bool { nodes[PathText.directory(of: path)] == true }

        /// Whether no file is in the way.
        func canHold(_ path: String) -> Bool { PathText.ancestors(of: path).allSatisfy { nodes[$0] != false } }

        mutating func put(_ path: String, isDirectory: Bool) {
            for ancestor in PathText.ancestors(of: path) { nodes[ancestor] = true }
            nodes[path] = isDirectory
        }

        mutating func remove(_ path: String) {
            nodes = nodes.filter { $0.key != path && !$0.key.hasPrefix(path + "/") }
        }
    }
}

@Suite struct OutcomePropertyTests {
    /// The words that reports and the reference of resources have, in the order in which one of several counts.
    @Test func `States have the words of the reference`() {
        #expect(
            ResourceOutcome.State.allCases.map(\.rawValue) == [
                "failed", "unmet_requirement", "skipped", "refreshed", "changed", "unknown", "stable",
            ]
        )
    }

    @Test func `The exit code of a run is that of as many tasks, and each outcome is counted once`() {
        var random = SeededGenerator(seed: 13)
        for round in 0..<500 {
            var (tally, tasks) = (ResourceTally(), OutcomeTally())
            let count = Int.random(in: 0...4, using: &random)
            for _ in 0..<count {
                var outcome = ResourceOutcome(
                    reference: GuardReference(type: "exec", name: "a"),
                    alias: nil,
                    place: "site.yaml:1:1",
                    provider: "posix"
                )
                outcome.state = ResourceOutcome.State.allCases.randomElement(using: &random) ?? .stable
                outcome.outcome = Outcome.allCases.randomElement(using: &random) ?? .failed
                // A failure never is a success, whatever its last task came to.
                if outcome.state == .failed, outcome.outcome.exitCode == 0 { outcome.outcome = .failed }
                tally.add(outcome)
                let verdict: Outcome =
                    switch outcome.state {
                    case .failed: outcome.outcome
                    case .unmet: .dependencyFailed
                    default: .succeeded
                    }
                tasks.add(verdict)
            }
            #expect(tally.exitCode == tasks.exitCode, "round \(round)")
            #expect(tally.total == count)
            #expect(tally.count(.refreshed) == 0 && tally.refreshed <= tally.count(.changed))
        }
    }

    @Test func `What a difference shows makes the new text out of the old`() throws {
        var random = SeededGenerator(seed: 17)
        for round in 0..<500 {
            // Few words, so that many lines are the same; long enough for several stretches.
            let texts = (0..<2).map { _ in
                (0..<Int.random(in: 0...30, using: &random)).map { _ in
                    Int.random(in: 0..<4, using: &random) == 0 ? "-x" : "same"
                }
            }
            let bytes = texts.map { Array($0.map { $0 + "\n" }.joined().utf8) }
            let shown = LineDiff.text(bytes[0], bytes[1], path: "/f").split(separator: "\n").dropFirst(2)
            var rest = texts[0][...]
            var made: [String] = []
            for line in shown {
                if line.hasPrefix("@@ -") {
                    let numbers = line.dropFirst(4).prefix { $0 != " " }.split(separator: ",").compactMap { Int($0) }
                    try #require(numbers.count == 2)
                    // A stretch without old lines stands after the line that it names.
                    let start = numbers[1] == 0 ? numbers[0] : numbers[0] - 1
                    let skipped = rest.prefix(max(0, start - rest.startIndex))
                    made += skipped
                    rest = rest.dropFirst(skipped.count)
                    continue
                }
                let text = String(line.dropFirst())
                if !line.hasPrefix("+") { #expect(rest.popFirst() == text, "round \(round)") }
                if !line.hasPrefix("-") { made.append(text) }
            }
            #expect(made + rest == texts[1], "round \(round)")
        }
    }
}
