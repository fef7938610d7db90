import OstlerJSON

extension SchemaWalker {
    /// Notes a problem with the value at `offset` unless the walk is silent; always false, the verdict.
    @inline(__always)
    mutating func report(_ code: SchemaProblem.Code, at offset: Int, _ message: (Excerpt) -> String) -> Bool {
        if !isSilent, problems.count < Self.maximumProblems {
            add(code.rawValue, at: offset, message(Excerpt(document: document, offset: offset)))
        }
        return false
    }

    /// Notes that the bytes are not JSON, or that the walk had to be given up.
    mutating func reportFault(_ error: JSONError) {
        if isTooComplex {
            let message = "the schema asks for too much work on this payload"
            add(SchemaProblem.Code.tooComplex.rawValue, at: error.offset, message)
        } else {
            add(error.code.rawValue, at: error.offset, "not acceptable as JSON: \(error.reason) (byte \(error.offset))")
        }
    }

    @inline(never)
    private mutating func add(_ code: String, at offset: Int, _ message: String) {
        problems.append(
            SchemaProblem(pointer: Excerpt(document: document, offset: offset).pointer, code: code, message: message)
        )
    }

    /// The value at `offset` as a tree.
    func value(at offset: Int) -> JSONValue? {
        Excerpt(document: document, offset: offset).value
    }
}

/// The value at one place of a payload, for messages about it.
struct Excerpt {
    let document: UnsafeBufferPointer<UInt8>
    let offset: Int

    /// As a tree; nil if it is broken.
    var value: JSONValue? {
        var reader = JSONReader(document)
        reader.index = offset
        return try? JSONValue(reading: &reader)
    }

    /// `found the string "abc"`.
    var found: String {
        "found \(value.map(Phrase.value) ?? "something else")"
    }

    /// Where it stands. Found by walking the document again from its start: only who fails pays for it.
    var pointer: JSONPointer {
        PointerFinder.pointers(to: [offset], in: document)[0]
    }
}
