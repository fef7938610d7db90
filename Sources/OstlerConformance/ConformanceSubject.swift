internal import OstlerCatalog
internal import OstlerJSON
internal import OstlerSchema

/// A task that the plugin can be given.
struct TaskSample: Sendable {
    let executor: ExecutorManifest
    /// The name of the example; nil for a payload that was made from the schema.
    let example: ExecutorManifest.Example?
    let payload: JSONValue

    /// As a report names it.
    var title: String {
        "\(executor.name) " + (example.map { "(\($0.name))" } ?? Excerpt.of(payload.text.utf8, longest: 80))
    }
}

/// What the manifest gives to try the plugin with.
struct ConformanceSubject: Sendable {
    /// Every example.
    let examples: [TaskSample]
    /// A task that is soon done: the first example that succeeds, else one that fails, else a payload by the schema.
    let plain: TaskSample?
    /// A task that goes on until it is ended: an example whose outcome is `timeout`.
    let lasting: TaskSample?
    /// Payloads that the schemas allow, made by chance; the same each time.
    let generated: [TaskSample]

    private static let generatedPayloads = 6

    /// - Throws: ``ConfigError`` for a schema that is wrong.
    init(_ manifest: PluginManifest) throws {
        var (examples, generated): ([TaskSample], [TaskSample]) = ([], [])
        for executor in manifest.executors {
            examples += executor.examples.map { TaskSample(executor: executor, example: $0, payload: $0.payload) }
            var generator = PayloadGenerator(executor.payload.source, seed: 1)
            let payloads = generator.payloads(Self.generatedPayloads, validBy: try executor.payload.compiled())
            generated += payloads.map { TaskSample(executor: executor, example: nil, payload: $0) }
        }
        self.examples = examples
        self.generated = generated
        func first(_ outcome: ExecutorManifest.Outcome) -> TaskSample? {
            examples.first { $0.example?.outcome == outcome }
        }
        plain = first(.succeeded) ?? first(.failed) ?? generated.first
        lasting = first(.timeout)
    }
}
