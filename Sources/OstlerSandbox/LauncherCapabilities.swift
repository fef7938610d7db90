/// What the launcher found out by doing.
package struct LauncherCapabilities: Sendable, Equatable {
    /// Which cgroup hierarchy limits.
    package enum Cgroup: String, Sendable {
        case none
        case v1
        case v2
    }

    package var isRealRoot = false
    package var memory = Cgroup.none
    package var processes = Cgroup.none
    package var landlockABI: UInt32 = 0
    package var seccomp = false
    package var hasNamespaces = true
    /// Whether what has no namespaces runs as an id of its own too.
    package var hasOwnIDs = false
    /// Whether the kernel's Landlock is new enough: its first version cannot allow files to change their directory.
    package var hasLandlock: Bool { landlockABI >= 2 }

    package init() {}
}
