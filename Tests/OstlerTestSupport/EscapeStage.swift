internal import Glibc

/// What the attempts of the corpus are made against: a process outside that holds something in each place that one may
/// try to reach, and a directory with the attempts, planted files, and the file that tells where all that is.
public final class EscapeStage: Sendable {
    /// What the sandboxes of a stage are limited to.
    public enum Limits {
        public static let files = 128
        public static let memory = 128 << 20
        public static let processes = 64
        public static let temporary = 16 << 20
    }

    /// The directory of the attempts.
    public let corpus: String
    /// A directory that attempts may write to.
    public let granted: String
    /// A word that processes bear which an attempt has left behind.
    public let mark: String
    private let bait: BaitProcess
    private let directory: TemporaryDirectory
    private let corpusName: String

    /// - Parameter corpus: where in `directory` the attempts are put.
    public init(_ directory: TemporaryDirectory, corpus corpusName: String) throws {
        self.directory = directory
        self.corpusName = corpusName
        chmod(directory.path, 0o755)
        corpus = try directory.makeDirectory(corpusName)
        granted = try directory.makeDirectory("granted")
        chmod(granted, 0o777)
        let outside = try directory.makeDirectory("outside")
        mark = "ostler-stay-\(UInt32.random(in: 100_000...UInt32.max))"
        let programs = try EscapeAttempt.programs()
        bait = try BaitProcess(program: programs + "/bait", directory: outside)
        for name in namesOfDirectory(programs) where !name.hasSuffix(".new") { try copy(programs + "/" + name, name) }
        try plant()
    }

    /// The helper that starts a command as a careless caller would.
    public func hostile(_ command: [String]) -> [String] {
        [corpus + "/bait", "hostile", bait.facts["secret"] ?? ""] + command
    }

    private func copy(_ source: String, _ name: String) throws {
        try directory.write(corpusName + "/" + name, try contents(ofFile: source), mode: 0o755)
    }

    /// What somebody else may have left in a directory that is then granted.
    private func plant() throws {
        let programs = try EscapeAttempt.programs()
        let secret = bait.facts["secret"] ?? ""
        try copy(programs + "/planted", "planted-setuid")
        try copy(programs + "/planted", "planted-capabilities")
        let status = exitStatus(of: corpus + "/bait", ["plant", corpus])
        guard status == 0 else { throw TestSupportFailure("bait plant", corpus, errno: status) }
        try directory.link(corpusName + "/planted-absolute", to: secret)
        try directory.link(corpusName + "/planted-relative", to: "../../../../../../.." + secret)
        try directory.link(corpusName + "/planted-proc", to: "/proc/1/root" + secret)
        try directory.link(corpusName + "/planted-root", to: "/../.." + secret)
    }

    /// Writes down what attempts are told. `granted` is where they see the directory that they may write to.
    public func tell(place: String, granted: String, hasMemoryCgroup: Bool) throws {
        var facts = bait.facts
        facts["place"] = place
        facts["granted"] = granted
        facts["mark"] = mark
        facts["memory_cgroup"] = hasMemoryCgroup ? "yes" : "no"
        facts["limit_files"] = "\(Limits.files)"
        facts["limit_memory"] = "\(Limits.memory)"
        facts["limit_processes"] = "\(Limits.processes)"
        facts["limit_tmp"] = "\(Limits.temporary)"
        let lines = facts.map { "\($0.key)=\($0.value)\n" }.sorted().joined()
        try directory.write(corpusName + "/bait.txt", lines)
    }

    /// Lets the neighbour end.
    public func finish() throws {
        try directory.write(corpusName + "/done", "")
    }
}

/// The process outside. It ends when its input does.
private final class BaitProcess: Sendable {
    let facts: [String: String]
    private let process: pid_t
    private let input: Int32

    init(program: String, directory: String) throws {
        var (inward, outward): ([Int32], [Int32]) = ([-1, -1], [-1, -1])
        guard pipe(&inward) == 0, pipe(&outward) == 0 else { throw TestSupportFailure("pipe", program) }
        for descriptor in inward + outward { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        defer {
            close(inward[0])
            close(outward[0])
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, inward[0], 0)
        posix_spawn_file_actions_adddup2(&actions, outward[1], 1)
        let token = "token-\(UInt64.random(in: .min ... .max))"
        let line: [String] = [program, "host", directory, token]
        var words: [UnsafeMutablePointer<CChar>?] = line.map { strdup($0) } + [nil]
        defer { words.forEach { free($0) } }
        var started: pid_t = 0
        let result = posix_spawn(&started, program, &actions, nil, &words, environ)
        close(outward[1])
        input = inward[1]
        process = started
        guard result == 0 else { throw TestSupportFailure("posix_spawn", program, errno: result) }
        facts = Self.read(outward[0])
        guard facts["secret"] != nil, facts["host"] != nil else {
            // Its own words: no call of this process has failed.
            throw TestSupportFailure("bait", facts["lack"] ?? "\(program), which says only \(facts)", errno: 0)
        }
    }

    /// Lines up to the first empty one.
    private static func read(_ descriptor: Int32) -> [String: String] {
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while !String(decoding: text, as: UTF8.self).hasSuffix("\n\n") {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            text += chunk.prefix(count)
        }
        var facts: [String: String] = [:]
        for line in String(decoding: text, as: UTF8.self).split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
            if parts.count == 2 { facts[parts[0]] = parts[1] }
        }
        return facts
    }

    deinit {
        close(input)
        // Another process that holds its input by accident must not hold up the tests.
        let deadline = ContinuousClock.now.advanced(by: .seconds(20))
        var status: Int32 = 0
        while waitpid(process, &status, WNOHANG) == 0 {
            if ContinuousClock.now > deadline { kill(process, SIGKILL) }
            usleep(1000)
        }
    }
}
