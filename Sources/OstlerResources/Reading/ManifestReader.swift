package import OstlerConfig
internal import OstlerJSON
internal import OstlerSystem
internal import OstlerTasks

/// What was read: all resources in the order in which they are walked.
package struct Manifest: Sendable {
    package let resources: [Resource]
    /// Whether the first failure ends the run.
    package let failsFast: Bool
}

/// Reads manifests with what they include. It touches no disk itself, and tells all that is wrong at once.
package struct ManifestReader {
    /// The bytes of a manifest by its path.
    package typealias Source = (_ path: String) -> Result<[UInt8], SmallFile.Failure>

    /// How deep manifests may nest; the outermost is the first.
    package static let maximumDepth = 10
    /// How many are read in all: those that include each other twice would be read without end.
    package static let maximumManifests = 256

    private let providers: ExecProviderRegistry
    private let source: Source
    private var resources: [Resource] = []
    private var problems: [ConfigError] = []
    private var omitted = 0
    private var count = 0
    private var failsFast = false
    private var surroundings = ManifestReferences.Surroundings()
    /// Told of what is not wrong and still worth knowing.
    private let warn: (String) -> Void

    package init(
        providers: ExecProviderRegistry,
        warn: @escaping (String) -> Void = { _ in },
        source: @escaping Source
    ) {
        self.providers = providers
        self.warn = warn
        self.source = source
    }

    /// Reads manifests as if they were one.
    package mutating func read(_ paths: [String]) throws(ConfigFailure) -> Manifest {
        for path in paths {
            guard let fault = include(path, from: [], isNoop: false) else { continue }
            problems.append(ConfigError(fault.code, file: path, message: fault.message))
        }
        let references = ManifestReferences(resources, surroundings).problems()
        problems = Self.inOrder(problems + references.told)
        omitted += references.omitted
        if let first = problems.first {
            let rest = problems.dropFirst()
            let told = rest.prefix(ProblemLog.limit - 1)
            throw ConfigFailure(first, Array(told), omitted: omitted + rest.count - told.count)
        }
        return Manifest(resources: resources, failsFast: failsFast)
    }

    /// As a person reads: file by file, and each from its top.
    private static func inOrder(_ problems: [ConfigError]) -> [ConfigError] {
        var ranks: [String: Int] = [:]
        for problem in problems where ranks[problem.file] == nil { ranks[problem.file] = ranks.count }
        let start = YAMLPosition(line: 1, column: 1)
        let keyed = problems.enumerated().map { number, problem in
            (rank: ranks[problem.file] ?? 0, position: problem.position ?? start, number: number, problem: problem)
        }
        return keyed.sorted { ($0.rank, $0.position, $0.number) < ($1.rank, $1.position, $1.number) }.map(\.problem)
    }

    // MARK: Documents

    /// Why a manifest cannot be read at all.
    private typealias Fault = (code: ConfigError.Code, message: String)

    /// - Parameter chain: the manifests on the way to it.
    private mutating func include(_ path: String, from chain: [String], isNoop: Bool) -> Fault? {
        count += 1
        guard count <= Self.maximumManifests else {
            return (.includeTooDeep, "more than \(Self.maximumManifests) manifests are read in all")
        }
        let bytes: [UInt8]
        switch source(path) {
        case .success(let found): bytes = found
        case .failure(let failure):
            surroundings.hidesNames = true
            return (failure.kind == .notFound ? .notFound : .unreadable, "the manifest \(failure.message)")
        }
        do throws(ConfigError) {
            read(try YAMLDocument(parsing: bytes, file: path), chain + [path], isNoop)
        } catch {
            surroundings.hidesNames = true
            problems.append(error)
        }
        return nil
    }

    /// - Parameter chain: the manifests on the way to it, with itself.
    private mutating func read(_ document: YAMLDocument, _ chain: [String], _ isNoop: Bool) {
        let log = ProblemLog(document)
        var isNoop = isNoop
        var list: ValueReader? = log.root
        var defaults = ResourceDefaults()
        if document.root.array == nil, document.root != .null {
            guard let members = log.root.members(["resources", "defaults", "noop", "fail_on_error"]) else {
                surroundings.hidesNames = true
                return keep(log)
            }
            if members.given("noop")?.bool() == true { isNoop = true }
            if members.given("fail_on_error")?.bool() == true { failsFast = true }
            if let given = members["defaults"] { defaults = ResourceDefaults(given) }
            list = members.required("resources")
        }
        let reader = ResourceReader(document: document, providers: providers, defaults: defaults, warn: warn)
        for (kind, name, properties) in entries(list, log) {
            if kind == "apply" {
                include(name, properties, chain, isNoop)
            } else if var resource = reader.resource(kind, name, properties) {
                resource.isNoop = resource.isNoop || isNoop
                resources.append(resource)
            } else {
                let names = [name, properties.value["alias"]?.string].compactMap(\.self)
                surroundings.unread.formUnion(names.map { GuardReference(type: kind, name: $0).normalized })
            }
        }
        keep(log)
    }

    /// All that the list names. What it names by something that is wrong hides a name.
    private mutating func entries(_ list: ValueReader?, _ log: ProblemLog) -> [Entry] {
        let before = log.count
        let elements = list.map { $0.value == .null ? [] : $0.elements() ?? [] } ?? []
        let entries = elements.flatMap(Self.named)
        if list == nil || log.count > before { surroundings.hidesNames = true }
        return entries
    }

    private mutating func keep(_ log: ProblemLog) {
        do throws(ConfigFailure) {
            try log.finish()
        } catch {
            problems += error.problems
            omitted += error.omitted
        }
    }

    private typealias Entry = (kind: String, name: String, properties: ValueReader)

    /// What one element of the list names: a mapping of one kind to a list of mappings of one name each.
    private static func named(_ entry: ValueReader) -> [Entry] {
        guard let kinds = single(entry, "the kind of resource, such as exec") else { return [] }
        guard ResourceKind.names.contains(kinds.key) else {
            let hint = Suggestion.nearest(to: kinds.key, in: ResourceKind.names).map { "did you mean \"\($0)\"?" }
            kinds.value.report(
                .unknownType,
                "unknown kind of resource \(Quotation.text(kinds.key))",
                hint: hint ?? "there are: \(ResourceKind.names.joined(separator: ", "))",
                atKey: true
            )
            return []
        }
        return (kinds.value.elements() ?? []).compactMap { element in
            single(element, "the name of the \(kinds.key)").map { (kinds.key, $0.key, $0.value) }
        }
    }

    private static func single(_ entry: ValueReader, _ what: String) -> (key: String, value: ValueReader)? {
        guard entry.value != .null, let members = entry.anyMembers()?.all else {
            if entry.value == .null { entry.expected("a mapping of one key, \(what)") }
            return nil
        }
        guard members.count == 1, let member = members.first else {
            entry.report(
                .invalidValue,
                "\(entry.name) must have one key, \(what), not \(members.count)",
                hint: "begin each with a dash of its own, and indent what belongs to it"
            )
            return nil
        }
        return member
    }

    // MARK: Included manifests

    private mutating func include(_ name: String, _ properties: ValueReader, _ chain: [String], _ isNoop: Bool) {
        let members = properties.members(["noop"])
        let strengthens = members?.given("noop")?.bool() ?? false
        let directory = PathText.directory(of: chain.last ?? "")
        let joined = name.isAbsolutePath ? name : PathText.joined(directory, name)
        let path = joined.hasPrefix("./") ? String(joined.dropFirst(2)) : joined
        guard path != "-" else {
            surroundings.hidesNames = true
            return properties.report(
                .invalidName,
                "a manifest cannot take in stdin",
                hint: "name a file, or write - on the command line",
                atKey: true
            )
        }
        guard let fault = fault(of: path, chain) ?? include(path, from: chain, isNoop: isNoop || strengthens) else {
            return
        }
        surroundings.hidesNames = true
        properties.report(fault.code, "\(Quotation.bare(path)): \(fault.message)", atKey: true)
    }

    private func fault(of path: String, _ chain: [String]) -> Fault? {
        if let start = chain.firstIndex(where: { ExactKey(PathText.folded($0)) == ExactKey(PathText.folded(path)) }) {
            let loop = (chain[start...] + [path]).map { Quotation.bare($0) }.joined(separator: " -> ")
            return (.includeLoop, "it includes itself: \(loop)")
        }
        guard chain.count < Self.maximumDepth else {
            return (.includeTooDeep, "manifests nest deeper than \(Self.maximumDepth)")
        }
        return nil
    }
}
