import OstlerJSON
import OstlerSchema

/// Compiles a schema from its text.
func compile(_ schema: String) throws -> CompiledSchema {
    try CompiledSchema(compiling: JSONValue(parsing: schema))
}

/// The problems of a payload.
func problems(_ schema: String, _ payload: String) throws -> [SchemaProblem] {
    try compile(schema).validate(Array(payload.utf8))
}

/// What is wrong with a schema, or nil.
func fault(_ schema: String) throws -> SchemaError? {
    do {
        _ = try compile(schema)
        return nil
    } catch let error as SchemaError {
        return error
    }
}
