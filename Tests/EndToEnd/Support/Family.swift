internal import Glibc
internal import OstlerTestSupport

/// What a test kills.
enum Victim: String, CaseIterable, Sendable {
    case host
    case launcher
    case plugin
    case command
}

/// The processes of one run.
struct Family: CustomStringConvertible {
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

    /// The process of one of the three programs, or some command of a task.
    func process(_ victim: Victim) -> Int32? {
        switch victim {
        case .host: host
        case .launcher: members.first { $0.program == "ostler-launch" && parentOf($0.process) == host }?.process
        case .plugin: members.first { $0.program.hasPrefix("ostler-plugin") }?.process
        case .command:
            members.filter { $0.process != host && !$0.program.hasPrefix("ostler") && !$0.program.isEmpty }
                .randomElement()?.process
        }
    }

    var description: String { members.map { "\($0.process) \($0.program)" }.joined(separator: ", ") }
}

func parentOf(_ process: Int32) -> Int32? {
    guard let status = try? contents(ofFile: "/proc/\(process)/stat"), let end = status.lastIndex(of: UInt8(ascii: ")"))
    else { return nil }
    let fields = status[(end + 2)...].split(separator: UInt8(ascii: " "))
    return fields.count > 1 ? Int32(String(decoding: fields[1], as: UTF8.self)) : nil
}

/// The name of the file that a process was started from.
func programOf(_ process: Int32) -> String {
    let line = (try? contents(ofFile: "/proc/\(process)/cmdline")) ?? []
    let first = line.split(separator: 0).first.map { String(decoding: $0, as: UTF8.self) } ?? ""
    return first.split(separator: "/").last.map(String.init) ?? ""
}

/// What a run could leave behind on this machine.
struct Leftovers {
    private var found: Set<String> = []

    init(_ tree: InstalledTree) {
        for group in controlGroups() where !isInUse(group) { found.insert("cgroup \(group)") }
        if let mounts = try? contents(ofFile: "/proc/self/mounts") {
            for line in String(decoding: mounts, as: UTF8.self).split(separator: "\n")
            where !isOfAnotherTest(line, than: tree) {
                found.insert("mount \(line)")
            }
        }
        for name in namesOfDirectory("/tmp") where name.hasPrefix("ostler") && !name.hasPrefix("ostler-test-") {
            if !isHeld("/tmp/" + name) { found.insert("file /tmp/\(name)") }
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

/// Whether a mount names the directory of a test, but not of this one: other runs of the tests may go on beside it.
private func isOfAnotherTest(_ mount: Substring, than tree: InstalledTree) -> Bool {
    mount.contains("/tmp/ostler-test-") && !mount.contains(tree.directory.path)
}

/// Whether a launcher that lives has it: such a one holds a lock on the directory that it made for its sandboxes. One of
/// this run is found as a process.
private func isHeld(_ path: String) -> Bool {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK
}

/// Whether the launcher that made a control group, `ostler-RUN-PROCESS-TIME`, is still there: then it is no leftover, and
/// perhaps that of another run of the tests.
private func isInUse(_ group: String) -> Bool {
    let parts = group.split(separator: "-")
    guard parts.count >= 2, let process = Int32(parts[parts.count - 2]) else { return false }
    // Its number alone may be another's by now.
    return startTime(of: process) == parts[parts.count - 1]
}

/// When a process started, in the kernel's ticks: field 22 of its `stat`.
private func startTime(of process: Int32) -> Substring? {
    guard let bytes = try? contents(ofFile: "/proc/\(process)/stat") else { return nil }
    // The name of a program may hold anything, but it ends with the last parenthesis.
    let fields = String(decoding: bytes, as: UTF8.self).split(separator: ")").last?.split(separator: " ") ?? []
    return fields.count > 19 ? fields[19] : nil
}
