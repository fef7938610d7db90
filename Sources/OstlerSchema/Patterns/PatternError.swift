/// Why a regular expression cannot be used; becomes part of a ``SchemaError``.
struct PatternError: Error, Equatable {
    let message: String
}
