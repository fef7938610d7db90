internal import Glibc
internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// kill -9 of each of the three programs in the middle of fifty running tasks.
    @Suite(.sandboxed)
    struct KillTests {
        enum Victim: String, CaseIterable, Sendable {
            case host
            case launcher
            case plugin
        }

        private static let tasks = 50

        @Test(arguments: Victim.allCases)
        func `Whoever is killed, nothing is left`(victim: Victim) async throws {
            try await withTree { tree in
                try await kill(victim, tree)
            }
        }

        @Test(.asRoot, arguments: Victim.allCases)
        func `Nothing is left of an ordinary user's run either`(victim: Victim) async throws {
            try await withTree(user: 12345) { tree in
                try await kill(victim, tree)
            }
        }

        private func kill(_ victim: Victim, _ tree: InstalledTree) async throws {
            let marker = Marker()
            let tasks = (1...Self.tasks).map { marker.taskLine("n\($0)") }.joined()
            try tree.directory.write("home/tasks.jsonl", tasks)
            let before = Leftovers(tree)
            try await onThread {
                let child = try tree.start(["run", "--file", "tasks.jsonl", "--jobs", "\(Self.tasks)"])
                try #require(marker.waitFor(2 * Self.tasks, within: .seconds(60)), "\(child.errors)")
                let family = Family(of: child.process, tree)
                let target = try #require(family.process(victim), "\(victim) is not there: \(family)")
                #expect(Glibc.kill(target, SIGKILL) == 0)
                let killed = ContinuousClock.now
                var left = Leftovers(tree).since(before, marker, family)
                while !left.isEmpty, ContinuousClock.now < killed.advanced(by: .seconds(2)) {
                    // A host that lives on ends when its results have been read.
                    child.serve(10)
                    left = Leftovers(tree).since(before, marker, family)
                }
                #expect(left.isEmpty, "left 2 s after the kill of the \(victim): \(left)")
                let finished = child.finish(within: .seconds(30))
                #expect(!finished.isOverdue)
                try Self.check(finished, victim)
                let afterwards = Leftovers(tree).since(before, marker, family)
                #expect(afterwards.isEmpty, "left after the end: \(afterwards)")
            }
            let again = try await tree.task(["echo", "again"])
            #expect(again.text == "again\n", "\(again.complaint)")
            let quiet = Leftovers(tree).since(before, marker, nil)
            #expect(quiet.isEmpty, "left at last: \(quiet)")
        }

        private static func check(_ finished: Finished, _ victim: Victim) throws {
            guard victim != .host else {
                #expect(finished.signal == SIGKILL)
                return
            }
            #expect(finished.exitCode == 5, "\(finished.complaint)")
            let results = try finished.results()
            #expect(results.count == tasks)
            let expected = victim == .launcher ? "sandbox_error" : "executor_crash"
            let outcomes = Set(results.compactMap { $0["outcome"]?.string })
            #expect(outcomes == [expected])
            let effects = Set(results.compactMap { $0["error"]?["side_effects"]?.string })
            #expect(effects == ["possible"])
        }
    }
}

/// The processes of one run.
private struct Family: CustomStringConvertible {
    let host: Int32
    let members: [(process: Int32, program: String)]

    init(of started: Int32, _ tree: InstalledTree) {
        // setpriv becomes the host: the process is the same.
        host = started
        var parents: [Int32: Int32] = [:]
        for name in namesOfDirectory("/proc") {
            if let number = Int32(name), let parent = parentOf(number) { parents[number] = parent }
        }
        members = parents.keys.filter { process in
            var current = process
            for _ in 0..<64 {
                if current == started { return true }
                guard let parent = parents[current] else { return false }
                current = parent
            }
            return false
        }.map { ($0, programOf($0)) }
    }

    func process(_ victim: EndToEnd.KillTests.Victim) -> Int32? {
        switch victim {
        case .host: host
        case .launcher: members.first { $0.program == "ostler-launch" && parentOf($0.process) == host }?.process
        case .plugin: members.first { $0.program.hasPrefix("ostler-plugin") }?.process
        }
    }

    var description: String { members.map { "\($0.process) \($0.program)" }.joined(separator: ", ") }
}

private func parentOf(_ process: Int32) -> Int32? {
    guard let status = try? contents(ofFile: "/proc/\(process)/stat"), let end = status.lastIndex(of: UInt8(ascii: ")"))
    else { return nil }
    let fields = status[(end + 2)...].split(separator: UInt8(ascii: " "))
    return fields.count > 1 ? Int32(String(decoding: fields[1], as: UTF8.self)) : nil
}

/// The name of the file that a process was started from.
private func programOf(_ process: Int32) -> String {
    let line = (try? contents(ofFile: "/proc/\(process)/cmdline")) ?? []
    let first = line.split(separator: 0).first.map { String(decoding: $0, as: UTF8.self) } ?? ""
    return first.split(separator: "/").last.map(String.init) ?? ""
}

/// What a run could leave behind on this machine.
private struct Leftovers {
    private var found: Set<String> = []

    init(_ tree: InstalledTree) {
        let groups = cgroups()
        for group in groups { found.insert("cgroup \(group)") }
        if let mounts = try? contents(ofFile: "/proc/self/mounts") {
            for line in String(decoding: mounts, as: UTF8.self).split(separator: "\n") { found.insert("mount \(line)") }
        }
        for name in namesOfDirectory("/tmp") where name.hasPrefix("ostler") && !name.hasPrefix("ostler-test-") {
            found.insert("file /tmp/\(name)")
        }
        for name in namesOfDirectory(tree.home) { found.insert("file \(tree.home)/\(name)") }
    }

    /// What is there now and was not before, besides the processes of the run.
    func since(_ before: Leftovers, _ marker: Marker, _ family: Family?) -> [String] {
        var left = found.subtracting(before.found).sorted()
        left += marker.processes.map { "process \($0) of a task" }
        for (process, program) in family?.members ?? [] where isAlive(process) && programOf(process) == program {
            left.append(process == family?.host ? "process of the host \(process)" : "process \(process) \(program)")
        }
        return left
    }
}

/// The control groups of Ostler's runs, whatever the hierarchy and however deep.
private func cgroups(below path: String = "/sys/fs/cgroup", depth: Int = 0) -> [String] {
    guard depth < 6 else { return [] }
    return namesOfDirectory(path).flatMap { name -> [String] in
        let full = path + "/" + name
        var status = stat()
        guard lstat(full, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return [] }
        if name.hasPrefix("ostler-") { return [full] }
        return cgroups(below: full, depth: depth + 1)
    }
}
