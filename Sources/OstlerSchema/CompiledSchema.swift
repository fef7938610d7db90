public import OstlerJSON

/// A JSON Schema (2020-12), made ready once to check many payloads.
///
/// `format` and the content keywords are annotations, as the specification has it. Nothing is ever fetched: a `$ref`
/// leads into the document, into `resources`, or to the documents of JSON Schema itself.
public struct CompiledSchema: Sendable {
    let program: SchemaProgram

    /// Compiles a schema; throws what is wrong with the schema itself.
    public init(compiling document: JSONValue) throws(SchemaError) {
        try self.init(compiling: document, resources: [:])
    }

    /// Compiles a schema that may also refer to `resources`, which are known by their URIs.
    public init(compiling document: JSONValue, resources: [String: JSONValue]) throws(SchemaError) {
        program = try SchemaCompiler.compile(document, resources: resources)
    }

    /// Checks a payload and returns all that is wrong with it, up to 64 problems.
    ///
    /// With `strict` the bytes are first checked to be JSON without duplicate keys; leave it out only for bytes that
    /// ``JSONValidator`` has seen already.
    public func validate(_ payload: [UInt8], strict: Bool = true) -> [SchemaProblem] {
        payload.withUnsafeBufferPointer { buffer in
            var problems: [SchemaProblem] = []
            validate(buffer, strict: strict, into: &problems)
            return problems
        }
    }

    /// Checks bytes that ``JSONValidator`` has accepted, and adds what is wrong to `problems`.
    public func validate(_ payload: UnsafeBufferPointer<UInt8>, into problems: inout [SchemaProblem]) {
        validate(payload, strict: false, into: &problems)
    }

    /// Checks bytes that ``JSONValidator`` has accepted, and adds what is wrong to `problems`.
    public func validate(_ payload: [UInt8], into problems: inout [SchemaProblem]) {
        payload.withUnsafeBufferPointer { validate($0, strict: false, into: &problems) }
    }

    /// Checks bytes, first that they are acceptable JSON if `strict`, and adds what is wrong to `problems`.
    public func validate(
        _ payload: UnsafeBufferPointer<UInt8>,
        strict: Bool,
        into problems: inout [SchemaProblem]
    ) {
        var walker = SchemaWalker(program, payload)
        do {
            if strict {
                var validator = JSONValidator()
                try validator.validate(payload)
            }
            try walker.run()
        } catch {
            walker.reportFault(error)
        }
        if !walker.problems.isEmpty { problems += walker.problems }
    }
}
