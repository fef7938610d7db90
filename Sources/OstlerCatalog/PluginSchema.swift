package import OstlerConfig
package import OstlerJSON
package import OstlerSchema
internal import Synchronization

/// A JSON schema out of a manifest, compiled when it is first needed and kept.
package final class PluginSchema: Sendable {
    /// Where the text of the schema stands.
    enum Place: Sendable {
        case manifest(YAMLDocument, JSONPointer)
        case file(String)
    }

    /// The schema as it was written.
    package let source: JSONValue
    private let place: Place
    private let state = Mutex<Result<CompiledSchema, ConfigError>?>(nil)

    init(_ source: JSONValue, place: Place) {
        self.source = source
        self.place = place
    }

    /// The validator; throws if the schema itself is wrong, with the place of the fault.
    package func compiled() throws(ConfigError) -> CompiledSchema {
        let result = state.withLock { state in
            if let known = state { return known }
            let made = compile()
            state = made
            return made
        }
        return try result.get()
    }

    private func compile() -> Result<CompiledSchema, ConfigError> {
        do throws(SchemaError) {
            return .success(try CompiledSchema(compiling: source))
        } catch {
            return .failure(problem(error))
        }
    }

    private func problem(_ error: SchemaError) -> ConfigError {
        switch place {
        case .manifest(let document, let base):
            let pointer = JSONPointer(base.description + error.pointer.description)
            return ConfigError(
                .invalidSchema,
                file: document.file,
                position: document.nearestPosition(to: pointer),
                pointer: pointer,
                message: error.message
            )
        case .file(let name):
            return ConfigError(.invalidSchema, file: name, pointer: error.pointer, message: error.message)
        }
    }
}
