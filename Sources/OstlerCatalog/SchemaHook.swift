package import OstlerJSON

/// Stands in for OstlerSchema's validator until that module has one; accepts everything.
package struct CompiledSchema: Sendable {
    package init(compiling schema: JSONValue) throws(SchemaError) {
        guard schema.object != nil else { throw SchemaError(pointer: .root, message: "a schema must be an object") }
    }

    package func validate(_ payload: [UInt8]) -> [SchemaProblem] { [] }
}

package struct SchemaProblem: Sendable {
    package let pointer: JSONPointer
    package let code: String
    package let message: String
}

package struct SchemaError: Error, Sendable {
    package let pointer: JSONPointer
    package let message: String
}
