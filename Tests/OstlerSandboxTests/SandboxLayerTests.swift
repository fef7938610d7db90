import COstlerLaunch
import OstlerJSON
import OstlerSandbox
import OstlerSystem
import Testing

@Suite struct `Sandbox layers` {
    /// What the launcher calls each layer, and what people do.
    private static let names: [(launcher: String, people: String)] = [
        ("user_ns", "user_namespace"), ("pid_ns", "pid_namespace"), ("mount_ns", "mount_namespace"),
        ("net_ns", "network_namespace"), ("ipc_ns", "ipc_namespace"), ("uts_ns", "uts_namespace"),
        ("cgroup_ns", "cgroup_namespace"), ("root", "minimal_root"), ("proc", "private_proc"), ("dev", "minimal_dev"),
        ("tmp", "bounded_tmp"), ("init", "init"), ("caps", "capabilities"), ("no_new_privs", "no_new_privs"),
        ("seccomp", "seccomp"), ("rlimits", "rlimits"), ("fds", "closed_descriptors"), ("env", "environment"),
        ("pdeath", "parent_death"), ("memory", "memory_limit"), ("pids", "process_limit"), ("landlock", "landlock"),
        ("programs", "program_lists"),
    ]

    @Test func `the bits mean the same on both sides`() {
        #expect(SandboxLayer.allCases.count == Int(OSTLER_LAYER_COUNT.rawValue))
        #expect(SandboxLayer.allCases.count == Self.names.count)
        for (index, names) in Self.names.enumerated() {
            let layer = SandboxLayer(rawValue: UInt32(index))
            #expect(String(cString: ostler_layer_name(Int32(index))) == names.launcher)
            #expect(layer?.name == names.people)
            #expect(SandboxLayer(name: names.people) == layer)
        }
        #expect(String(cString: ostler_layer_name(Int32(Self.names.count))) == "unknown")
        #expect(String(cString: ostler_layer_name(-1)) == "unknown")
        #expect(SandboxLayer(name: "user_ns") == nil)
        #expect(SandboxLayer(name: "") == nil)
        #expect(SandboxLayer(rawValue: UInt32(Self.names.count)) == nil)
    }

    @Test func `a set of layers is their bits`() {
        #expect(SandboxLayers([SandboxLayer.userNamespace]).rawValue == 1)
        #expect(SandboxLayers([SandboxLayer.landlock, .userNamespace]).rawValue == 1 << 21 | 1)
        for layer in SandboxLayer.allCases {
            let set = SandboxLayers([layer])
            #expect(SandboxLayer.allCases.filter { set.contains($0) } == [layer])
        }
        #expect(SandboxLayers([SandboxLayer]()).isEmpty)
    }

    @Test func `strict requires everything but what not every machine has, or what is not always asked`() {
        let best: Set<SandboxLayer> = [.cgroupNamespace, .memoryLimit, .processLimit, .landlock]
        for layer in SandboxLayer.allCases {
            #expect(SandboxLayers.strictBest.contains(layer) == best.contains(layer))
            #expect(SandboxLayers.strictRequired.contains(layer) == (!best.contains(layer) && layer != .programLists))
        }
    }

    @Test func `stages have the names of the launcher`() {
        let names = [
            "none", "request", "template", "slot", "clone", "cgroup", "mount", "net", "uts", "user", "caps", "rlimit",
            "seccomp", "no_new_privs", "pdeath", "fds", "cwd", "program", "exec", "landlock",
            "directory",
        ]
        for (stage, name) in names.enumerated() { #expect(String(cString: ostler_stage_name(Int32(stage))) == name) }
        #expect(String(cString: ostler_stage_name(Int32(names.count))) == "unknown")
        #expect(Int(OSTLER_STAGE_DIRECTORY.rawValue) == names.count - 1)
    }

    @Test func `a lost launcher and a failed call are told as failures of a sandbox`() {
        let lost = LaunchFailure(launcherLost: ())
        #expect(lost.stage == "launcher")
        #expect(lost.errno == 104)
        #expect(lost.layer == nil)
        #expect(!lost.isProgramFault)
        let call = LaunchFailure(describing: SystemFailure("pipe2", errno: 24))
        #expect(call.stage == "pipe2")
        #expect(call.errno == 24)
        #expect(call.detail == "pipe2: Too many open files")
        #expect(LaunchFailure(describing: JSONError(.tooDeep, at: 1)).stage == "host")
    }
}

@Suite struct `Certificates` {
    private static func capabilities(
        root: Bool = false,
        _ memory: LauncherCapabilities.Cgroup = .none,
        _ processes: LauncherCapabilities.Cgroup = .none
    ) -> LauncherCapabilities {
        var capabilities = LauncherCapabilities()
        capabilities.isRealRoot = root
        capabilities.memory = memory
        capabilities.processes = processes
        capabilities.landlockABI = 7
        capabilities.seccomp = true
        return capabilities
    }

    private static let every = SandboxLayers(SandboxLayer.allCases)

    @Test func `a certificate as JSON`() {
        let certificate = Certificate(
            policy: SandboxPolicy(),
            enforced: Self.every.subtracting(SandboxLayers([.landlock, .processLimit, .programLists])),
            capabilities: Self.capabilities(root: true, .v1, .none)
        )
        let rows = [
            ("user_namespace", "required", true, "user namespace, its user mapped to an unprivileged id of its own"),
            ("pid_namespace", "required", true, "pid namespace"),
            ("mount_namespace", "required", true, "mount namespace, a private copy of the view"),
            ("network_namespace", "required", true, "network namespace of its own, loopback down"),
            ("ipc_namespace", "required", true, "ipc namespace"), ("uts_namespace", "required", true, "uts namespace"),
            ("cgroup_namespace", "best", true, "cgroup namespace"),
            ("minimal_root", "required", true, "read-only tmpfs root with bound directories"),
            ("private_proc", "required", true, "proc of its own pid namespace"),
            ("minimal_dev", "required", true, "null zero full random urandom tty"),
            ("bounded_tmp", "required", true, "tmpfs with a size"),
            ("init", "required", true, "pid 1 that reaps and forwards signals"),
            ("capabilities", "required", true, "all five sets empty"),
            ("no_new_privs", "required", true, "no_new_privs"),
            ("seccomp", "required", true, "filter over the known system calls; newer ones do not exist"),
            ("rlimits", "required", true, "rlimits"),
            ("closed_descriptors", "required", true, "close_range of all but the granted ones"),
            ("environment", "required", true, "built from the policy alone"),
            ("parent_death", "required", true, "PDEATHSIG of pid 1 and the launcher's socket"),
            ("memory_limit", "best", true, "cgroup v1 memory"),
            ("process_limit", "best", false, "RLIMIT_NPROC of the user namespace"),
            ("landlock", "best", false, "none (kernel offers ABI 7)"),
            ("program_lists", "no", false, "none are in force"),
        ]
        let layers = rows.map { name, asked, enforced, mechanism in
            #"{"layer":"\#(name)","asked":"\#(asked)","enforced":\#(enforced),"mechanism":"\#(mechanism)"}"#
        }
        let expected = #"{"profile":"strict","layers":[\#(layers.joined(separator: ","))]}"#
        #expect(String(decoding: certificate.json, as: UTF8.self) == expected)
    }

    @Test func `a layer is enforced only if the launcher says so`() throws {
        for layer in SandboxLayer.allCases {
            let enforced = Self.every.subtracting(SandboxLayers([layer]))
            let certificate = Certificate(
                policy: SandboxPolicy(),
                enforced: enforced,
                capabilities: Self.capabilities()
            )
            let json = try JSONValue(parsing: certificate.json)
            let rows = try #require(json["layers"]?.array)
            #expect(rows.filter { $0["enforced"]?.bool == false }.compactMap { $0["layer"]?.string } == [layer.name])
        }
    }

    @Test func `the mechanism follows the machine`() {
        func mechanism(_ layer: SandboxLayer, _ enforced: Bool, _ capabilities: LauncherCapabilities) -> String {
            let layers = enforced ? Self.every : SandboxLayers([SandboxLayer]())
            return Certificate(policy: SandboxPolicy(), enforced: layers, capabilities: capabilities).mechanism(layer)
        }
        let own = Self.capabilities(.v2, .v1)
        #expect(mechanism(.userNamespace, true, own) == "user namespace, its user mapped to the caller's id")
        #expect(mechanism(.memoryLimit, true, own) == "cgroup v2 memory")
        #expect(mechanism(.processLimit, true, own) == "cgroup v1 pids")
        #expect(mechanism(.memoryLimit, false, own) == "RLIMIT_DATA, for each process by itself")
        #expect(mechanism(.cgroupNamespace, false, own) == "none")
    }

    @Test func `of no sandbox nothing is said to be enforced`() throws {
        var policy = SandboxPolicy(.host)
        policy.name = "bare"
        let json = try JSONValue(
            parsing: Certificate(policy: policy, enforced: [], capabilities: Self.capabilities()).json
        )
        #expect(json["profile"] == "bare" && json["extends"] == "host")
        let rows = json["layers"]?.array ?? []
        #expect(rows.count == SandboxLayer.allCases.count)
        #expect(rows.allSatisfy { $0["asked"] == "no" && $0["enforced"] == false && $0["mechanism"] == "none" })
    }

    @Test func `what is contained says what it does without`() {
        let layers = SandboxLayers.containedRequired
        func mechanism(_ layer: SandboxLayer, _ capabilities: LauncherCapabilities) -> String {
            Certificate(policy: SandboxPolicy(.contained), enforced: layers, capabilities: capabilities).mechanism(
                layer
            )
        }
        var found = Self.capabilities()
        #expect(mechanism(.userNamespace, found) == "none; the caller's id")
        #expect(mechanism(.networkNamespace, found) == "none; the filter refuses sockets")
        #expect(mechanism(.memoryLimit, found) == "RLIMIT_DATA, for each process by itself")
        #expect(mechanism(.landlock, found).hasPrefix("ABI 7: files, execution, device nodes, TCP"))
        found.hasOwnIDs = true
        #expect(mechanism(.userNamespace, found) == "none; an unprivileged id of its own")
        #expect(mechanism(.processLimit, found) == "RLIMIT_NPROC of its id")
    }

    @Test func `loopback shows`() {
        var policy = SandboxPolicy()
        policy.network = .loopback
        let certificate = Certificate(policy: policy, enforced: Self.every, capabilities: Self.capabilities())
        #expect(certificate.mechanism(.networkNamespace) == "network namespace of its own, loopback up")
        #expect(!certificate.mechanism(.landlock).contains("TCP"))
    }

    @Test func `what a task asks for beyond strict is required`() throws {
        var policy = SandboxPolicy()
        policy.required.insert(SandboxLayers([.memoryLimit]))
        let json = try JSONValue(
            parsing: Certificate(policy: policy, enforced: Self.every, capabilities: Self.capabilities()).json
        )
        let row = json["layers"]?.array?.first { $0["layer"] == "memory_limit" }
        #expect(row?["asked"] == "required")
    }
}
