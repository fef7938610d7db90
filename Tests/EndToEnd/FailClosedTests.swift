internal import Glibc
internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

/// A place that lacks something which sandboxes are built from, and what must come of it.
struct Lack: Sendable, CustomTestStringConvertible {
    enum End: Sendable {
        /// The task runs, every required layer is enforced, and exactly these of the best are told as missing.
        case runs(without: [String])
        /// Nothing runs; the layer, the cause and a remedy are told.
        case refused(layer: String, cause: String, remedy: String)
    }

    let name: String
    /// What starts the command line that follows it. `REFUSE` stands for the program that refuses things.
    var prefix: [String] = []
    /// A shell command in a mount namespace of its own, before anything else. `TREE` stands for the test's directory.
    var mounts: String?
    var isUser = false
    var options: [String] = []
    /// Whether the config accepts the profile `contained`.
    var isContained = false
    let end: End

    var testDescription: String { name + (isUser ? ", by a user" : "") + (isContained ? ", contained" : "") }

    private static let bounding = ["/usr/bin/setpriv", "--inh-caps", "-all", "--bounding-set"]
    /// What container engines leave to root.
    private static let containerCaps =
        bounding + [
            "-all,+chown,+dac_override,+fsetid,+fowner,+mknod,+net_raw,+setgid,+setuid,+setfcap,+setpcap,"
                + "+net_bind_service,+sys_chroot,+kill,+audit_write"
        ]
    private static let noNamespaces = End.refused(
        layer: "user_namespace",
        cause: "No space left on device",
        remedy: "user.max_user_namespaces"
    )
    private static let noFilter = End.refused(
        layer: "seccomp",
        cause: "Invalid argument",
        remedy: "CONFIG_SECCOMP_FILTER"
    )
    private static let container = End.refused(
        layer: "user_namespace",
        cause: "Operation not permitted",
        remedy: "seccomp profile that allows clone and unshare"
    )
    private static let chroot = End.refused(
        layer: "user_namespace",
        cause: "Operation not permitted",
        remedy: "in a chroot there are none"
    )
    private static let outerRoot = End.refused(
        layer: "user_namespace",
        cause: "would be root outside",
        remedy: "as an ordinary user"
    )
    private static let limits = ["memory_limit", "process_limit"]
    private static let hiddenCgroups = "mount -t tmpfs -o ro none /sys/fs/cgroup"
    private static let readOnlyCgroups =
        "for m in $(awk '$2 ~ \"^/sys/fs/cgroup\" {print $2}' /proc/mounts); do mount -o remount,bind,ro $m; done"
    private static let bindRoot = "mkdir TREE/root && mount --rbind / TREE/root"

    static let all: [Lack] = [
        Lack(name: "no user namespaces", prefix: ["REFUSE", "namespaces"], end: noNamespaces),
        Lack(name: "no user namespaces", prefix: ["REFUSE", "namespaces"], isUser: true, end: noNamespaces),
        Lack(name: "no cgroups", mounts: hiddenCgroups, end: .runs(without: limits)),
        Lack(name: "read-only cgroups", mounts: readOnlyCgroups, end: .runs(without: limits)),
        Lack(name: "no cgroup access", isUser: true, end: .runs(without: limits)),
        Lack(
            name: "read-only cgroups where a limit is required",
            mounts: readOnlyCgroups,
            options: ["--require", "memory_limit"],
            end: .refused(layer: "memory_limit", cause: "Operation not supported", remedy: "delegated cgroup")
        ),
        Lack(name: "no seccomp", prefix: ["REFUSE", "seccomp"], end: noFilter),
        Lack(name: "no seccomp", prefix: ["REFUSE", "seccomp"], isUser: true, end: noFilter),
        Lack(name: "no Landlock", prefix: ["REFUSE", "landlock"], end: .runs(without: ["landlock"])),
        Lack(
            name: "no Landlock where it is required",
            prefix: ["REFUSE", "landlock"],
            options: ["--require", "landlock"],
            end: .refused(layer: "landlock", cause: "Operation not supported", remedy: "--require")
        ),
        Lack(name: "a container's default profile", prefix: containerCaps + ["REFUSE", "container"], end: container),
        Lack(name: "a container's default profile", prefix: ["REFUSE", "container"], isUser: true, end: container),
        Lack(name: "a container's capabilities", prefix: containerCaps, end: outerRoot),
        Lack(name: "a chroot", prefix: ["/usr/sbin/chroot", "TREE/root"], mounts: bindRoot, end: chroot),
        Lack(name: "a chroot", prefix: ["/usr/sbin/chroot", "TREE/root"], mounts: bindRoot, isUser: true, end: chroot),
        Lack(name: "root without CAP_SYS_RESOURCE", prefix: bounding + ["-sys_resource"], end: .runs(without: [])),
        Lack(name: "root without CAP_SYS_ADMIN", prefix: bounding + ["-sys_admin"], end: outerRoot),
    ]

    /// The weaker profile needs less, and what it needs it must have too.
    static let contained: [Lack] = all.filter { $0.options.isEmpty }.map { lack in
        let end: End =
            switch lack.end {
            case .runs(let missing) where missing == ["landlock"]:
                .refused(layer: "landlock", cause: "Operation not supported", remedy: "Landlock")
            case .refused(layer: "seccomp", _, _), .runs: lack.end
            case .refused: .runs(without: lack.isUser ? limits : [])
            }
        return Lack(
            name: lack.name,
            prefix: lack.prefix,
            mounts: lack.mounts,
            isUser: lack.isUser,
            isContained: true,
            end: end
        )
    }

    /// The command line that runs another here.
    func line(_ command: [String], _ tree: InstalledTree) -> [String] {
        let user: [String] =
            isUser ? ["/usr/bin/setpriv", "--reuid", "12345", "--regid", "12345", "--clear-groups"] : []
        var line = (prefix + user + command).map {
            $0.replacing("REFUSE", with: tree.directory.file("refuse")).replacing("TREE", with: tree.directory.path)
        }
        if let mounts {
            let script = mounts.replacing("TREE", with: tree.directory.path) + " && exec \"$0\" \"$@\""
            line = ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", script] + line
        }
        return line
    }
}

extension EndToEnd {
    /// Where something is missing there is the full certificate or a refusal with layer, cause and remedy, never less in
    /// silence.
    @Suite(.serialized)
    struct FailClosedTests {
        @Test(.sandboxed, .asRoot, arguments: Lack.all + Lack.contained)
        func `What is missing is told, or was not needed`(_ lack: Lack) async throws {
            try await withTree(user: lack.isUser ? 12345 : nil) { tree in
                let refuse = try contents(ofFile: EscapeAttempt.programs() + "/refuse")
                try tree.directory.write("refuse", refuse, mode: 0o755)
                let contained = try tree.directory.write("contained.yaml", "sandbox: {profile: contained}\n")
                let options = lack.options + (lack.isContained ? ["--config", contained] : [])
                let words = ["run", "command", "--json"] + options + ["--", "echo", "ran"]
                let line = lack.line([tree.program] + words, tree)
                var command = tree.command([])
                command.program = line[0]
                command.arguments = line.dropFirst().map { Array($0.utf8) }
                command.environment += ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]
                let finished = try await tree.run(command)
                let result = try finished.json()
                switch lack.end {
                case .runs(let missing):
                    #expect(result["isolation"]?["profile"]?.string == (lack.isContained ? "contained" : "strict"))
                    Self.expectRun(result, without: missing)
                case .refused(let layer, let cause, let remedy):
                    #expect(finished.exitCode == 5, "\(result.text)")
                    Self.expectRefusal(result, layer, cause, remedy)
                }
            }
        }

        static func expectRun(_ result: JSONValue, without missing: [String]?) {
            #expect(result["outcome"]?.string == "succeeded", "\(result.text)")
            #expect(result["output"]?["text"]?.string == "ran\n")
            let layers = result["isolation"]?["layers"]?.array ?? []
            #expect(layers.count > 20)
            let lacking = layers.filter { $0["enforced"]?.bool == false }
            #expect(lacking.allSatisfy { $0["asked"]?.string != "required" }, "\(lacking)")
            guard let missing else { return }
            // Landlock is judged only where it is what is missing: other machines may lack it too.
            let names = Set(lacking.filter { $0["asked"]?.string == "best" }.compactMap { $0["layer"]?.string })
            let judged =
                missing.contains("landlock") ? names.intersection(["landlock"]) : names.subtracting(["landlock"])
            #expect(judged == Set(missing), "\(lacking)")
        }

        static func expectRefusal(_ result: JSONValue, _ layer: String, _ cause: String, _ remedy: String) {
            #expect(result["outcome"]?.string == "sandbox_error", "\(result.text)")
            #expect(result["error"]?["side_effects"]?.string == "none")
            #expect((result["output"]?["text"]?.string ?? "") == "")
            let message = result["error"]?["message"]?.string ?? ""
            #expect(message.contains("layer \(layer)") && message.contains(cause), "\(message)")
            let hint = result["error"]?["hint"]?.string ?? ""
            #expect(hint.contains(remedy), "\(hint)")
        }
    }
}
