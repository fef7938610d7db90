internal import OstlerJSON
internal import OstlerProtocol

extension JSONWriter {
    /// What `validate` says of a task: whether it may run, and what is wrong with it.
    mutating func verdict(_ problems: [Failure]) {
        beginObject()
        key("valid")
        bool(problems.isEmpty)
        key("problems")
        beginArray()
        for problem in problems { problem.encode(into: &self) }
        endArray()
        endObject()
    }
}
