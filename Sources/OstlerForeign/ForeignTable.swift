package import OstlerJSON

/// The functions that a plugin of kind `foreign` declares, and what its executors do with them.
///
/// Made from the members `types`, `functions` and `executors` of a manifest; nothing is loaded or called.
package struct ForeignTable: Sendable, Equatable {
    package let functions: [String: ForeignFunction]
    package let executors: [ForeignExecutor]

    /// Reads a manifest, or the part of it that a shim is given.
    ///
    /// - Throws: the first thing that is wrong, with its place in `manifest`.
    package init(reading manifest: JSONValue) throws(ForeignProblem) {
        let top = Declaration(value: manifest, pointer: .root)
        let types = try TypeNames(top["types"])
        var functions: [String: ForeignFunction] = [:]
        for (name, declaration) in try top.required("functions").members() {
            guard Declaration.isName(name) else {
                throw declaration.problem(.invalidValue, "\(Quotation.text(name)) is not a name of C")
            }
            functions[name] = try ForeignFunction(name, declaration, types)
        }
        self.functions = functions
        var executors: [ForeignExecutor] = []
        for declaration in try top.required("executors").elements() {
            let name = try declaration.required("name").text()
            executors.append(try ForeignExecutor(name, declaration, functions))
        }
        self.executors = executors
    }

    package func executor(_ name: String) -> ForeignExecutor? {
        executors.first { $0.name == name }
    }

    /// The functions that give back what others returned, and close what they opened.
    package var releases: Set<String> {
        var symbols: Set<String> = []
        for function in functions.values {
            for type in [function.returns].compactMap(\.self) + function.parameters.compactMap(\.pointee) {
                symbols.formUnion(type.releases)
            }
        }
        return symbols
    }
}

extension Parameter {
    /// The type of what the function leaves behind a pointer.
    var pointee: CType? {
        if case .reference(let type, _) = kind { type } else { nil }
    }
}

extension CType {
    /// The functions that end the life of values of this type.
    var releases: [String] {
        switch self {
        case .text(let text): text.release.map { [$0] } ?? []
        case .handle(let close): [close]
        case .structure(let structure): structure.members.flatMap(\.type.releases)
        case .list(let element, _): element.releases
        default: []
        }
    }
}
