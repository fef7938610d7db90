/// The members of a JSON object in the order of the text.
public struct JSONObject: Sendable {
    /// The members in order.
    public private(set) var members: [(key: String, value: JSONValue)] = []
    /// Built only for objects that are large enough to profit.
    private var positions: [ExactKey: Int] = [:]
    private static let indexThreshold = 12

    public init() {}

    /// Takes members in order; a key must not occur twice.
    public init(_ members: some Sequence<(String, JSONValue)>) {
        for (key, value) in members { append(key, value) }
    }

    public var count: Int { members.count }
    public var isEmpty: Bool { members.isEmpty }
    public var keys: [String] { members.map(\.key) }

    /// Adds a member whose key is known to be absent.
    package mutating func append(_ key: String, _ value: JSONValue) {
        members.append((key, value))
        if members.count == Self.indexThreshold {
            for (position, member) in members.enumerated() { positions[ExactKey(member.key)] = position }
        } else if members.count > Self.indexThreshold {
            positions[ExactKey(key)] = members.count - 1
        }
    }

    private func position(of key: String) -> Int? {
        if members.count >= Self.indexThreshold { return positions[ExactKey(key)] }
        return members.firstIndex { $0.key.utf8.elementsEqual(key.utf8) }
    }

    /// Reads a member, or sets it in its place (at the end if it is new).
    public subscript(key: String) -> JSONValue? {
        get { position(of: key).map { members[$0].value } }
        set {
            switch (position(of: key), newValue) {
            case (let position?, let value?): members[position].value = value
            case (nil, let value?): append(key, value)
            case (let position?, nil):
                let kept = members.enumerated().filter { $0.offset != position }.map {
                    ($0.element.key, $0.element.value)
                }
                self = JSONObject(kept)
            case (nil, nil): break
            }
        }
    }
}

extension JSONObject: Equatable {
    /// Equal if they have the same keys with equal values, in any order.
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.count == right.count && left.members.allSatisfy { right[$0.key] == $0.value }
    }
}

/// Text that is the same only if its bytes are: a `String` is also equal to its canonically equivalent spellings, which
/// JSON and its keys know nothing of.
package struct ExactKey: Hashable, Sendable {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    package static func == (left: ExactKey, right: ExactKey) -> Bool {
        left.text.utf8.elementsEqual(right.text.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
