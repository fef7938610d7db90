internal import Glibc
internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// In containers of real engines there is the full certificate, the weaker profile that was asked for, or a refusal.
    @Suite(.serialized, .sandboxed, .asRoot)
    struct ContainerTests {
        @Test(.needs("/usr/bin/podman", "/usr/sbin/runc"), arguments: ContainerCase.podman)
        func `Rootful podman`(_ case: ContainerCase) async throws {
            try await withTree { tree in
                let root = try ContainerRoot(tree)
                try await expect(`case`, root.podman(`case`.words), tree)
            }
        }

        @Test(.needs("/usr/sbin/dockerd", "/usr/bin/docker", "/usr/sbin/runc"))
        func `Docker with a daemon of its own`() async throws {
            try await withTree { tree in
                let root = try ContainerRoot(tree)
                let daemon = try Child(root.dockerDaemon)
                defer {
                    daemon.send(SIGTERM)
                    _ = daemon.finish(within: .seconds(30))
                }
                let isUp = await eventually(within: .seconds(60), "the daemon") {
                    access(tree.directory.file("docker.sock"), F_OK) == 0
                }
                try #require(isUp)
                let imported = try await tree.run(root.docker(["import", tree.directory.file("root.tar"), "base"]))
                try #require(imported.exitCode == 0, "\(imported.complaint)")
                for `case` in ContainerCase.docker {
                    try await expect(`case`, root.docker(`case`.words), tree)
                }
            }
        }

        private func expect(_ case: ContainerCase, _ command: Child.Command, _ tree: InstalledTree) async throws {
            let finished = try await tree.run(command, within: .seconds(120))
            let result = try finished.json()
            guard let (layer, cause, remedy) = `case`.refusal else {
                let profile = result["isolation"]?["profile"]?.string
                #expect(profile == (`case`.isContained ? "contained" : "strict"), "\(`case`): \(result.text)")
                #expect(finished.complaint == "", "\(`case`)")
                return FailClosedTests.expectRun(result, without: nil)
            }
            FailClosedTests.expectRefusal(result, layer, cause, remedy)
        }
    }
}

/// A way to run a container, and what comes of a task in it.
struct ContainerCase: Sendable, CustomTestStringConvertible {
    let options: [String]
    /// Whether the config accepts the profile `contained`.
    var isContained = false
    var refusal: (layer: String, cause: String, remedy: String)?

    var testDescription: String {
        (options.isEmpty ? "by default" : options.joined(separator: " ")) + (isContained ? ", contained" : "")
    }

    static let podman: [ContainerCase] = [
        ContainerCase(options: [], refusal: ("user_namespace", "would be root outside", "as an ordinary user")),
        ContainerCase(
            options: [],
            refusal: ("user_namespace", "would be root outside", "sandbox: {profile: contained}")
        ),
        ContainerCase(options: [], isContained: true),
        ContainerCase(options: ["--user", "12345:12345"], isContained: true),
        ContainerCase(
            options: ["--user", "12345:12345"],
            refusal: ("user_namespace", "Read-only file system", "--security-opt unmask=ALL")
        ),
        ContainerCase(options: ["--cap-add", "SYS_ADMIN", "--security-opt", "unmask=ALL"]),
    ]

    private static let unfiltered = [
        "--security-opt", "seccomp=unconfined", "--security-opt", "systempaths=unconfined",
    ]
    static let docker: [ContainerCase] = [
        ContainerCase(options: [], refusal: ("user_namespace", "Operation not permitted", "seccomp profile")),
        ContainerCase(options: [], isContained: true),
        ContainerCase(options: ["--user", "12345:12345"], isContained: true),
        ContainerCase(
            options: ["--cap-add", "SYS_ADMIN", "--security-opt", "systempaths=unconfined"],
            refusal: ("minimal_root", "pivot_root", "seccomp")
        ),
        ContainerCase(options: ["--cap-add", "SYS_ADMIN"] + unfiltered),
        ContainerCase(options: ["--user", "12345:12345"] + unfiltered),
    ]

    /// Options of the engine, and the command line inside up to its end.
    var words: (options: [String], command: [String]) {
        let config = isContained ? ["--config", "/tree/contained.yaml"] : []
        return (options, ["/tree/bin/ostler", "run", "command", "--json"] + config + ["--", "echo", "ran"])
    }
}

/// What containers are made of: the machine's /usr, and an installed tree at /tree.
private struct ContainerRoot {
    private let tree: InstalledTree
    private let settings: String

    /// What works on machines with either version of cgroups and with few rights.
    private static let podmanSettings = """
        [containers]
        default_ulimits=["nofile=4096:4096","nproc=4096:4096"]
        [engine]
        runtime="runc"
        cgroup_manager="cgroupfs"
        events_logger="file"

        """

    init(_ tree: InstalledTree) throws {
        self.tree = tree
        let directory = tree.directory
        for name in ["usr", "proc", "dev", "sys", "tmp", "etc", "opt", "run", "tree"] {
            try directory.makeDirectory("root/" + name)
        }
        chmod(directory.file("root/tmp"), 0o1777)
        for name in ["bin", "sbin", "lib", "lib64"] { try directory.link("root/" + name, to: "usr/" + name) }
        settings = try directory.write("containers.conf", Self.podmanSettings)
        try directory.write("prefix/contained.yaml", "sandbox: {profile: contained}\n")
        let status = exitStatus(
            of: "/bin/tar",
            ["-C", directory.file("root"), "-cf", directory.file("root.tar"), "."]
        )
        try #require(status == 0)
    }

    private var options: [String] {
        var words = ["--rm", "--network", "none", "--env", "HOME=/tmp", "--volume", tree.prefix + ":/tree:ro"]
        for path in ["/usr", "/opt"] { words += ["--volume", path + ":" + path + ":ro"] }
        return words
    }

    private func command(_ program: String, _ words: [String]) -> Child.Command {
        var command = Child.Command(program, words)
        command.directory = tree.home
        command.environment = [
            "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "CONTAINERS_CONF=" + settings, "HOME=" + tree.home,
        ]
        return command
    }

    func podman(_ words: (options: [String], command: [String])) -> Child.Command {
        let state = ["--root", tree.directory.file("storage"), "--runroot", tree.directory.file("state")]
        let root = ["--rootfs", tree.directory.file("root")]
        return command("/usr/bin/podman", state + ["run"] + options + words.options + root + words.command)
    }

    private var socket: String { "unix://" + tree.directory.file("docker.sock") }

    /// Without networks and rules of its own for packets: nothing of the machine's is changed.
    var dockerDaemon: Child.Command {
        let state = ["--data-root", tree.directory.file("data"), "--exec-root", tree.directory.file("exec")]
        let place = ["-H", socket, "-p", tree.directory.file("docker.pid")]
        let network = ["--bridge=none", "--iptables=false", "--ip6tables=false"]
        return command("/usr/sbin/dockerd", state + place + network + ["--default-ulimit", "nofile=4096:4096"])
    }

    func docker(_ words: [String]) -> Child.Command { command("/usr/bin/docker", ["-H", socket] + words) }

    func docker(_ words: (options: [String], command: [String])) -> Child.Command {
        docker(["run"] + options + words.options + ["base"] + words.command)
    }
}
