internal import Glibc
internal import OstlerCatalog
internal import OstlerCommandLine
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSchema

/// Makes a payload from `--payload`, from flags that the executor's schema defines, and from what stands behind `--`.
struct PayloadBuilder {
    let executor: CatalogExecutor
    let schema: CompiledSchema

    /// The payload's bytes. Without flags and argv they are the very bytes of `--payload`, on one line.
    func build(_ options: TaskOptions) throws(UsageError) -> [UInt8] {
        let given = try options.payload.map(Self.read)
        guard !options.members.isEmpty || !options.argv.isEmpty || given == nil else {
            return Self.onOneLine(given ?? [])
        }
        var object = JSONObject()
        if let given {
            guard let parsed = try? JSONValue(parsing: given), let members = parsed.object else {
                throw UsageError("--payload must be a JSON object if flags or -- ARGV are given as well")
            }
            object = members
        }
        try add(members: options.members, to: &object)
        try add(argv: options.argv, to: &object)
        return Array(JSONValue.object(object).text.utf8)
    }

    /// A frame is one line. In JSON the ends of lines are blanks; in anything else they are left for the host to refuse.
    private static func onOneLine(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.contains(0x0A), (try? JSONValue(parsing: bytes)) != nil else { return bytes }
        return bytes.map { $0 == 0x0A ? 0x20 : $0 }
    }

    private static func read(_ source: String) throws(UsageError) -> [UInt8] {
        if source == "-" { return try readAll(0, "stdin") }
        guard source.hasPrefix("@") else { return Array(source.utf8) }
        let path = String(source.dropFirst())
        let input = open(path, O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { throw UsageError("--payload \(source): \(String(cString: strerror(errno)))") }
        defer { close(input) }
        return try readAll(input, path)
    }

    /// As much as a frame can carry.
    private static let maximumBytes = 1 << 20

    private static func readAll(_ input: Int32, _ name: String) throws(UsageError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(input, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw UsageError("\(name): \(String(cString: strerror(errno)))") }
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk.prefix(count))
            guard bytes.count <= maximumBytes else {
                throw UsageError("\(name): a payload has at most \(maximumBytes) bytes")
            }
        }
    }

    // MARK: Flags

    private func add(members words: [String], to object: inout JSONObject) throws(UsageError) {
        var index = 0
        while index < words.count {
            let word = words[index]
            index += 1
            guard word.hasPrefix("--"), word.count > 2 else {
                throw UsageError("unexpected argument \"\(word)\"; a command line goes behind --")
            }
            let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let flag = try flag(String(parts[0]))
            if flag.type == .boolean, parts.count == 1 {
                object[flag.name] = .bool(true)
                continue
            }
            var value = parts.count == 2 ? String(parts[1]) : nil
            if value == nil, index < words.count {
                value = words[index]
                index += 1
            }
            guard let value else { throw UsageError("--\(parts[0]) needs a value") }
            try set(flag, value, &object)
        }
    }

    private func flag(_ word: String) throws(UsageError) -> SchemaFlag {
        let flags = schema.flags
        let name = word.split(separator: "-", omittingEmptySubsequences: false).joined(separator: "_")
        if let flag = flags.first(where: { $0.name == word || $0.name == name }) { return flag }
        let members = flags.map { "--" + $0.optionName }
        let known = members + RunCommand.spec.options.map { "--" + $0.name }
        throw UsageError(
            "unknown option --\(word)\(Suggestion.clause(for: "--" + word, in: known)) "
                + "(executor \(executor.name) has \(members.joined(separator: ", ")))"
        )
    }

    private func set(_ flag: SchemaFlag, _ text: String, _ object: inout JSONObject) throws(UsageError) {
        switch flag.type {
        case .string: object[flag.name] = .string(text)
        case .strings: object[flag.name] = .array((object[flag.name]?.array ?? []) + [.string(text)])
        case .stringMap:
            let pair = try TaskOptions.pair(text, "--" + flag.name)
            var members = object[flag.name]?.object ?? JSONObject()
            members[pair.key] = .string(pair.value)
            object[flag.name] = .object(members)
        case .integer, .number, .boolean, .other:
            guard let value = try? JSONValue(parsing: text) else {
                throw UsageError("--\(flag.name) \(text): not a JSON value")
            }
            object[flag.name] = value
        }
    }

    // MARK: Command lines

    /// The schema's annotation `x-ostler-argv: [program, arguments]` names the members that a command line fills.
    private func add(argv: [[UInt8]], to object: inout JSONObject) throws(UsageError) {
        guard !argv.isEmpty else { return }
        guard let names = executor.executor.payload.source["x-ostler-argv"]?.array?.compactMap(\.string),
            names.count == 2
        else { throw UsageError("executor \(executor.name) takes no command line behind --") }
        let words = argv.map(Self.text)
        object[names[0]] = words[0]
        object[names[1]] = .array(Array(words.dropFirst()))
    }

    /// Words of a command line need not be UTF-8; those that are not travel as base64.
    private static func text(_ bytes: [UInt8]) -> JSONValue {
        let isText = bytes.withUnsafeBufferPointer { UTF8Check.isValid($0) }
        return isText ? .string(String(decoding: bytes, as: UTF8.self)) : ["base64": .string(Base64.encode(bytes))]
    }
}
