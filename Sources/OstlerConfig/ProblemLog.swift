internal import OstlerJSON

/// Collects what is wrong with one document, so that a person hears of all of it at once.
package final class ProblemLog {
    package let document: YAMLDocument
    package private(set) var problems: [ConfigError] = []
    /// More than these are only counted: nobody reads them, and to find their places takes time.
    package static let limit = 20
    private var omitted = 0

    package init(_ document: YAMLDocument) {
        self.document = document
    }

    /// How many problems there are so far, those that are only counted included.
    package var count: Int { problems.count + omitted }

    /// The value at the top of the document.
    package var root: ValueReader { ValueReader(value: document.root, pointer: .root, log: self) }

    /// Adds a problem, which is only made if it is to be kept.
    func add(_ problem: () -> ConfigError) {
        if problems.count < Self.limit { problems.append(problem()) } else { omitted += 1 }
    }

    /// Throws if anything has been reported; the problems go in the order of the text.
    package func finish() throws(ConfigFailure) {
        let start = YAMLPosition(line: 1, column: 1)
        let sorted = problems.sorted { ($0.position ?? start) < ($1.position ?? start) }
        guard let first = sorted.first else { return }
        throw ConfigFailure(first, Array(sorted.dropFirst()), omitted: omitted)
    }
}
