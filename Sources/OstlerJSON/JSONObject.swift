/// The members of a JSON object in the order of the text.
public struct JSONObject: Sendable {
    /// The members in order.
    public private(set) var members: [(key: String, value: JSONValue)] = []
    /// Built only for objects that are large enough to profit.
    private var positions: [String: Int] = [:]
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
            for (position, member) in members.enumerated() { positions[member.key] = position }
        } else if members.count > Self.indexThreshold {
            positions[key] = members.count - 1
        }
    }

    private func position(of key: String) -> Int? {
        if members.count >= Self.indexThreshold {
            guard let position = positions[key] else { return nil }
            // The dictionary takes canonically equivalent spellings for the same key; JSON does not.
            if members[position].key.utf8.elementsEqual(key.utf8) { return position }
        }
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
