package import OstlerJSON

/// The members of a mapping, with their places.
package struct MembersReader {
    package let object: JSONObject
    let parent: ValueReader

    /// Where the mapping stands.
    package var pointer: JSONPointer { parent.pointer }
    /// Reports a problem at another place of the document.
    package func report(_ code: ConfigError.Code, at pointer: JSONPointer, _ message: @autoclosure () -> String) {
        parent.report(code, at: pointer, message())
    }

    /// The member, or nil if it is absent.
    package subscript(key: String) -> ValueReader? {
        object[key].map { ValueReader(value: $0, pointer: parent.pointer.member(key), log: parent.log) }
    }

    /// The member, or nil if it is absent or null: what is written down as not said.
    package func given(_ key: String) -> ValueReader? {
        self[key].flatMap { $0.value == .null ? nil : $0 }
    }

    /// The member; its absence is reported.
    package func required(_ key: String) -> ValueReader? {
        guard let member = self[key] else {
            let place = parent.pointer == .root ? "" : " in \(parent.name)"
            parent.report(.missingKey, "the key \"\(key)\" is missing\(place)")
            return nil
        }
        return member
    }

    package var all: [(key: String, value: ValueReader)] {
        object.members.map { key, value in
            (key, ValueReader(value: value, pointer: parent.pointer.member(key), log: parent.log))
        }
    }
}
