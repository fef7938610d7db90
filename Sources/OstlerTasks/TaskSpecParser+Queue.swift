internal import OstlerJSON
internal import OstlerProtocol

/// The members of a task that are for a queue.
extension TaskSpecParser {
    static func queueMember(
        _ name: String,
        _ pointer: JSONPointer,
        _ reader: inout JSONReader,
        _ request: inout QueueRequest
    ) throws {
        switch name {
        case "queue": request.queue = try word(&reader, pointer)
        case "after": request.after = try references(&reader, pointer)
        case "needs": request.needs = try list(&reader, pointer, of: word)
        case "not_before": request.notBefore = try start(&reader, pointer)
        case "ttl": request.timeToLive = try duration(&reader, pointer)
        default: request.retry = try retry(&reader, pointer)
        }
    }

    private static func word(_ reader: inout JSONReader, _ pointer: JSONPointer) throws -> String {
        let word = try text(&reader, pointer)
        guard QueueRequest.isWord(word) else {
            throw invalid("invalid_word", "\(Quotation.text(word)) must be \(QueueRequest.wordRule)", pointer)
        }
        return word
    }

    static func list(
        _ reader: inout JSONReader,
        _ pointer: JSONPointer,
        of element: (inout JSONReader, JSONPointer) throws -> String
    ) throws -> [String] {
        guard try reader.peek() == .array else { throw try wrongType("a list of strings", &reader, pointer) }
        var elements: [String] = []
        try reader.beginArray()
        while try reader.nextElement() { elements.append(try element(&reader, pointer.element(elements.count))) }
        return elements
    }

    /// Ids of tasks; the number of an accepted one may also be a number.
    private static func references(_ reader: inout JSONReader, _ pointer: JSONPointer) throws -> [String] {
        try list(&reader, pointer) { reader, place in
            try reader.peek() == .number ? String(try integer(&reader, place)) : try identifier(&reader, place)
        }
    }

    private static func start(_ reader: inout JSONReader, _ pointer: JSONPointer) throws -> QueueRequest.Start? {
        if try reader.null() { return nil }
        let text = try text(&reader, pointer)
        guard let start = QueueRequest.Start(text) else {
            let message = "not_before must be \(QueueRequest.Start.forms), not \(Quotation.text(text))"
            throw invalid("invalid_time", message, pointer)
        }
        return start
    }

    /// `3`, or `{"attempts": 3, "backoff": "exponential", "min": "1s", "max": "60s"}`.
    private static func retry(_ reader: inout JSONReader, _ pointer: JSONPointer) throws -> RetryPolicy {
        // Off, whatever is said for all tasks.
        if try reader.null() { return RetryPolicy() }
        if try reader.peek() == .number { return RetryPolicy(attempts: try attempts(&reader, pointer)) }
        guard try reader.peek() == .object else { throw try wrongType("a number or an object", &reader, pointer) }
        let known = ["attempts", "backoff", "min", "max"]
        var policy = RetryPolicy()
        var (least, most): (Int64?, Int64?) = (nil, nil)
        try reader.beginObject()
        while let key = try reader.nextKey() {
            let name = reader.string(of: key)
            let place = pointer.member(name)
            switch name {
            case "attempts": policy.attempts = try attempts(&reader, place)
            case "backoff": policy.backoff = try backoff(&reader, place)
            case "min": least = try duration(&reader, place)
            case "max": most = try duration(&reader, place)
            default:
                throw unknown(name, of: "retry", known, place)
            }
        }
        policy.least = least ?? min(policy.least, most ?? policy.least)
        policy.most = most ?? max(policy.most, policy.least)
        guard policy.least <= policy.most else {
            throw invalid("invalid_duration", "retry.min must not be longer than retry.max", pointer.member("min"))
        }
        return policy
    }

    private static func attempts(_ reader: inout JSONReader, _ pointer: JSONPointer) throws -> Int {
        let number = try integer(&reader, pointer)
        guard (1...Int64(RetryPolicy.mostAttempts)).contains(number) else {
            throw invalid(
                "out_of_range",
                "retry.attempts must be from 1 to \(RetryPolicy.mostAttempts), not \(number): it counts the first try too",
                pointer
            )
        }
        return Int(number)
    }

    private static func backoff(_ reader: inout JSONReader, _ pointer: JSONPointer) throws -> RetryPolicy.Backoff {
        let word = try text(&reader, pointer)
        guard let backoff = RetryPolicy.Backoff(rawValue: word) else {
            let known = RetryPolicy.Backoff.allCases.map(\.rawValue)
            throw invalid(
                "not_in_enum",
                "retry.backoff must be \(known.joined(separator: ", ")), not \(Quotation.text(word))"
                    + Suggestion.clause(for: word, in: known),
                pointer
            )
        }
        return backoff
    }
}
