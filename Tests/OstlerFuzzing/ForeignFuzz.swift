internal import OstlerForeign
internal import OstlerJSON
internal import OstlerSchema

/// Functions of a shared object are refused with a place that is in the declaration, or can be called with payloads that
/// a schema describes.
enum ForeignFuzz {
    static func check(_ bytes: UnsafeBufferPointer<UInt8>) throws(BrokenPromise) {
        guard let declaration = try? JSONValue(parsing: bytes) else { return }
        let table: ForeignTable
        do throws(ForeignProblem) {
            table = try ForeignTable(reading: declaration)
        } catch {
            return try promisePresentable(error.message)
        }
        for executor in table.executors {
            let isClosed: Bool
            do throws(SchemaError) {
                let schema = try CompiledSchema(compiling: executor.payloadSchema)
                isClosed = !schema.validate(Array("[]".utf8)).isEmpty
            } catch {
                throw BrokenPromise("the schema of \(executor.name) is wrong: \(error)")
            }
            try promise(isClosed, "\(executor.name) takes a payload that is no object")
        }
    }
}
