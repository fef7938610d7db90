internal import OstlerJSON
internal import OstlerPluginWire
internal import OstlerProtocol

/// What a task of the executor `command` says: a program and its arguments. No shell ever sees them.
struct CommandPayload: Equatable {
    var command = ByteText("")
    var arguments: [ByteText] = []
    var environment: [Variable] = []
    var workingDirectory: ByteText?
    /// Given, even if empty, it is the command's whole standard input.
    var stdin: [UInt8]?

    struct Variable: Equatable {
        let key: String
        let value: ByteText
    }

    private static let members = ["command", "args", "env", "working_dir", "stdin"]

    /// Reads a payload that the host has checked against the schema; what is wrong all the same is told by pointer.
    init(parsing bytes: [UInt8]) throws(Failure) {
        try bytes.withUnsafeBufferPointer { (buffer) throws(Failure) in
            var reader = JSONReader(buffer)
            try read(&reader)
        }
        guard !command.bytes.isEmpty else { throw Self.invalid("command is required and must not be empty", "command") }
        if workingDirectory?.bytes.isEmpty == true { workingDirectory = nil }
        try checkNul()
    }

    /// Takes over the variables of the task that the payload does not set itself.
    mutating func inherit(_ variables: [(key: String, value: String)]) throws(Failure) {
        guard !variables.isEmpty else { return }
        let place = JSONPointer("/env")
        for (key, value) in variables {
            try Self.checkNul(ByteText(key), place.member(key))
            try Self.checkNul(ByteText(value), place.member(key))
        }
        let own = Set(environment.map(\.key))
        let inherited = variables.filter { !own.contains($0.key) }
        environment.insert(contentsOf: inherited.map { Variable(key: $0.key, value: ByteText($0.value)) }, at: 0)
    }

    // MARK: Reading

    private mutating func read(_ reader: inout JSONReader) throws(Failure) {
        var place = JSONPointer("/payload")
        do {
            try reader.beginObject()
            while let key = try reader.nextKey() {
                place = JSONPointer("/payload").member(reader.string(of: key))
                if reader.matches(key, "command") {
                    command = try ByteText(reading: &reader)
                } else if reader.matches(key, "args") {
                    try readArguments(&reader, &place)
                } else if reader.matches(key, "env") {
                    try readEnvironment(&reader, &place)
                } else if reader.matches(key, "working_dir") {
                    workingDirectory = try ByteText(reading: &reader)
                } else if reader.matches(key, "stdin") {
                    stdin = try ByteText(reading: &reader).bytes
                } else {
                    throw Self.unknown(reader.string(of: key), place)
                }
            }
            try reader.finish()
        } catch let error as JSONError {
            throw Self.invalid(error.reason, at: place)
        } catch let error as Failure {
            throw error
        } catch {
            throw Self.invalid("the payload cannot be read", at: place)
        }
    }

    private mutating func readArguments(_ reader: inout JSONReader, _ place: inout JSONPointer) throws(JSONError) {
        let list = place
        try reader.beginArray()
        while try reader.nextElement() {
            place = list.element(arguments.count)
            arguments.append(try ByteText(reading: &reader))
        }
    }

    private mutating func readEnvironment(_ reader: inout JSONReader, _ place: inout JSONPointer) throws {
        let object = place
        try reader.beginObject()
        while let name = try reader.nextKey() {
            let key = reader.string(of: name)
            place = object.member(key)
            guard !key.isEmpty, !key.utf8.contains(UInt8(ascii: "=")) else {
                throw Self.invalid("the name of an environment variable must not be empty nor hold '='", at: place)
            }
            environment.append(Variable(key: key, value: try ByteText(reading: &reader)))
        }
    }

    // MARK: Faults

    private func checkNul() throws(Failure) {
        let payload = JSONPointer("/payload")
        try Self.checkNul(command, payload.member("command"))
        for (index, argument) in arguments.enumerated() {
            try Self.checkNul(argument, payload.member("args").element(index))
        }
        for variable in environment {
            try Self.checkNul(ByteText(variable.key), payload.member("env").member(variable.key))
            try Self.checkNul(variable.value, payload.member("env").member(variable.key))
        }
        if let workingDirectory { try Self.checkNul(workingDirectory, payload.member("working_dir")) }
    }

    /// The kernel ends each of these strings at its first NUL, so a NUL would cut it silently.
    private static func checkNul(_ text: ByteText, _ place: @autoclosure () -> JSONPointer) throws(Failure) {
        guard text.bytes.contains(0) else { return }
        throw Failure(
            "nul_in_argument",
            fault: .user,
            message: "\(place()) holds a NUL character, which no argument, variable or path can have",
            pointer: place(),
            hint: "give binary data on stdin or in a file"
        )
    }

    private static func invalid(_ reason: String, _ member: String) -> Failure {
        invalid(reason, at: JSONPointer("/payload").member(member))
    }

    private static func invalid(_ reason: String, at place: JSONPointer) -> Failure {
        Failure("invalid_payload", fault: .user, message: "invalid payload at \(place): \(reason)", pointer: place)
    }

    private static func unknown(_ member: String, _ place: JSONPointer) -> Failure {
        let clause = Suggestion.clause(for: member, in: members)
        return invalid("the payload of a command has no such member\(clause)", at: place)
    }
}
