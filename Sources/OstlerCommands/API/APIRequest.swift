internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerTasks

/// One line that somebody asks with.
struct APIRequest {
    /// What can be asked for.
    enum Kind: String, CaseIterable {
        case run = "task.run"
        case validate = "task.validate"
        case plan = "task.plan"
        case status = "task.status"
        case cancel = "task.cancel"
        case health = "executor.health"
        case ensure = "resource.ensure"
        case monitor = "resource.monitor"

        /// The protocol's id: `io.ostler.v1.task.run.request`.
        func protocolID(_ direction: String) -> String { "\(APIRequest.prefix).\(rawValue).\(direction)" }

        /// Whether it is about a task, and so needs to say which executor, and what it is to do.
        var describesTask: Bool { [.run, .validate, .plan].contains(self) }

        /// Whether it is about a resource, and so needs to say of which kind, and how it is to be.
        var describesResource: Bool { [.ensure, .monitor].contains(self) }
    }

    /// Version and owner of all ids.
    static let prefix = "io.ostler.v1"
    /// The protocol of an answer to what is no request.
    static let faultProtocol = prefix + ".error.response"

    let kind: Kind
    let id: String
    /// The executor that it is about, or the kind of a resource.
    let type: String?
    /// The very bytes of its properties, which are an object.
    let properties: [UInt8]?

    /// What is wrong with a line, with as much as could be read of it.
    struct Refusal: Error {
        var kind: Kind?
        var id: String
        let failure: Failure
    }

    /// Reads a line.
    /// - Parameter defaultID: the id of a request that names none.
    init(parsing line: [UInt8], defaultID: String) throws(Refusal) {
        var members = Members(id: defaultID)
        do {
            try line.withUnsafeBufferPointer { try members.read($0) }
            if let problem = members.problem { throw problem }
            guard let kind = members.kind else { throw Failure.invalidProtocol(members.protocolID ?? "") }
            let describes = kind.describesTask || kind.describesResource
            guard !describes || members.type != nil else { throw Failure.missing("type") }
            guard !describes && kind != .cancel || members.properties != nil else {
                throw Failure.missing("properties")
            }
            if kind.describesTask, let properties = members.properties { try Self.checkNames(properties) }
            (self.kind, id, type, properties) = (kind, members.id, members.type, members.properties)
        } catch let failure as Failure {
            throw Refusal(kind: members.kind, id: members.id, failure: failure)
        } catch let error as JSONError {
            throw Refusal(id: members.id, failure: .notJSON(error))
        } catch {
            throw Refusal(id: members.id, failure: Failure("invalid_json", fault: .user, message: "not JSON: \(error)"))
        }
    }

    /// What the request itself says of a task is not said in its properties again.
    private static func checkNames(_ properties: [UInt8]) throws {
        let places = ["id": "id", "executor": "type", "type": "type"]
        try properties.withUnsafeBufferPointer { bytes in
            var reader = JSONReader(bytes)
            try reader.beginObject()
            while let key = try reader.nextKey() {
                let name = reader.string(of: key)
                if let place = places[name] {
                    throw Failure(
                        "ambiguous_member",
                        fault: .user,
                        message: "properties has no \(name): it stands in the request itself, as \(place)",
                        pointer: JSONPointer("/properties").member(name)
                    )
                }
                _ = try reader.skipValue()
            }
        }
    }

    /// The task that it describes, as the text of one.
    var task: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("id")
        writer.string(id)
        writer.key("executor")
        writer.string(type ?? "")
        writer.endObject()
        // Its properties stay the bytes that came: a payload is handed on as it was written.
        let inside = (properties ?? []).drop { $0 != 0x7B }.dropFirst().drop { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
        let isEmpty = inside.first == 0x7D
        return writer.bytes.dropLast() + (isEmpty ? [] : [0x2C]) + inside
    }

    /// Refuses what a request about no task and no resource cannot mean.
    func checkMembers() throws(Failure) {
        guard !kind.describesTask, !kind.describesResource else { return }
        guard type == nil else {
            throw Failure(
                "unknown_member",
                fault: .user,
                message: "\(kind.rawValue) has no type",
                pointer: JSONPointer("/type"),
                hint: kind == .health ? "leave it out: all executors are asked" : "leave it out"
            )
        }
        guard kind == .health, let properties, let key = (try? JSONValue(parsing: properties))?.object?.keys.first
        else { return }
        throw Self.unknownProperty(key, hint: "\(kind.rawValue) has no properties")
    }

    private static func unknownProperty(_ key: String, hint: String) -> Failure {
        Failure(
            "unknown_member",
            fault: .user,
            message: "unknown member \(Quotation.text(key)) of properties",
            pointer: JSONPointer("/properties").member(key),
            hint: hint
        )
    }

    /// The id of another request that its properties name.
    func target() throws(Failure) -> String? {
        guard let properties else { return nil }
        let object = (try? JSONValue(parsing: properties))?.object ?? JSONObject()
        if let key = object.keys.first(where: { $0 != "id" }) {
            throw Self.unknownProperty(key, hint: "properties has: id")
        }
        guard let value = object["id"] else { return nil }
        guard let id = value.string else {
            throw Failure(
                "wrong_type",
                fault: .user,
                message: "properties.id must be a string",
                pointer: JSONPointer("/properties/id")
            )
        }
        return id
    }
}

extension APIRequest {
    /// The members of a request as they are read: all that can be, so that even a refusal names the request.
    private struct Members {
        var id: String
        var protocolID: String?
        var type: String?
        var properties: [UInt8]?
        /// What is wrong first.
        var problem: Failure?

        private static let known = ["protocol", "id", "type", "properties"]

        init(id: String) { self.id = id }

        var kind: Kind? { Kind.allCases.first { $0.protocolID("request") == protocolID } }

        mutating func read(_ bytes: UnsafeBufferPointer<UInt8>) throws {
            var validator = JSONValidator()
            try validator.validate(bytes)
            var reader = JSONReader(bytes)
            guard try reader.peek() == .object else {
                throw Failure("not_an_object", fault: .user, message: "a request is a JSON object")
            }
            try reader.beginObject()
            while let key = try reader.nextKey() {
                do {
                    try take(reader.string(of: key), &reader)
                } catch let failure as Failure {
                    problem = problem ?? failure
                }
            }
        }

        /// Leaves the value behind, be it right or wrong.
        private mutating func take(_ name: String, _ reader: inout JSONReader) throws {
            let place = JSONPointer.root.member(name)
            switch name {
            case "protocol": protocolID = try Self.text(&reader, place)
            case "type": type = try Self.text(&reader, place)
            case "id":
                let text = try Self.text(&reader, place)
                guard TaskSpec.isID(text) else {
                    throw Failure("invalid_id", fault: .user, message: TaskSpec.idRule, pointer: place)
                }
                id = text
            case "properties":
                let isObject = try reader.peek() == .object
                let range = try reader.skipValue()
                guard isObject else { throw Self.wrongType("properties must be an object", place) }
                properties = Array(reader.bytes(in: range))
            default:
                _ = try reader.skipValue()
                throw Failure(
                    "unknown_member",
                    fault: .user,
                    message: "unknown member \(Quotation.text(name))" + Suggestion.clause(for: name, in: Self.known),
                    pointer: place,
                    hint: "a request has: \(Self.known.joined(separator: ", "))"
                )
            }
        }

        private static func text(_ reader: inout JSONReader, _ place: JSONPointer) throws -> String {
            guard try reader.peek() == .string else {
                _ = try reader.skipValue()
                throw wrongType("\(place.description.dropFirst()) must be a string", place)
            }
            return try reader.string()
        }

        private static func wrongType(_ message: String, _ place: JSONPointer) -> Failure {
            Failure("wrong_type", fault: .user, message: message, pointer: place)
        }
    }
}

extension Failure {
    fileprivate static func invalidProtocol(_ text: String) -> Failure {
        let known = APIRequest.Kind.allCases.map { $0.protocolID("request") }
        return Failure(
            "invalid_protocol",
            fault: .user,
            message: "invalid protocol \(Quotation.text(text, longest: 100))" + Suggestion.clause(for: text, in: known),
            pointer: JSONPointer("/protocol"),
            hint: "there are: \(known.joined(separator: ", "))"
        )
    }

    fileprivate static func missing(_ member: String) -> Failure {
        Failure(
            "missing_\(member)",
            fault: .user,
            message: "missing \(member) in request",
            pointer: JSONPointer.root.member(member)
        )
    }

    fileprivate static func notJSON(_ error: JSONError) -> Failure {
        Failure("invalid_json", fault: .user, message: "not JSON: \(error.reason), at byte \(error.offset + 1)")
    }
}
