internal import Glibc
internal import OstlerSystem

/// Files that a program loads by itself while it runs, so that nothing in the program tells of them.
package struct ProgramBundle: Sendable, Equatable {
    package let name: String
    /// Patterns of the shell for directories that are taken whole.
    var directories: [String] = []
    /// Patterns for single files.
    var files: [String] = []
    /// Whether what is in the directories may be started, or only loaded.
    var isExecutable = false

    /// The bundle of that name; a path is a bundle of its own, taken whole, whose files may be started.
    package init?(named name: String) {
        if name.isAbsolutePath {
            self.init(name: name, directories: [name], isExecutable: true)
        } else if let known = Self.known.first(where: { $0.name == name }) {
            self = known
        } else {
            return nil
        }
    }

    private init(name: String, directories: [String] = [], files: [String] = [], isExecutable: Bool = false) {
        self.name = name
        self.directories = directories
        self.files = files
        self.isExecutable = isExecutable
    }

    /// The names that are known.
    package static let names = known.map(\.name)

    private static let known = [
        ProgramBundle(name: "gconv", directories: ["/usr/lib/*/gconv", "/usr/lib64/gconv"]),
        ProgramBundle(
            name: "git",
            directories: ["/usr/lib/git-core", "/usr/libexec/git-core"],
            isExecutable: true
        ),
        ProgramBundle(name: "nss", files: ["/usr/lib/*/libnss_*.so.2", "/usr/lib64/libnss_*.so.2"]),
        ProgramBundle(
            name: "perl",
            directories: [
                "/usr/lib/*/perl-base", "/usr/lib/*/perl", "/usr/lib/*/perl5", "/usr/lib64/perl5", "/etc/perl",
            ]
        ),
        ProgramBundle(
            name: "python3",
            directories: ["/usr/lib/python3", "/usr/lib/python3.[0-9]*", "/usr/lib64/python3.[0-9]*"]
        ),
    ]

    /// What a program cannot do without is taken even if nobody named it.
    static func implied(by program: String) -> ProgramBundle? {
        let name = program.pathParts.last ?? ""
        return ["perl", "python3"].first { name.hasPrefix($0) }.flatMap(ProgramBundle.init(named:))
    }

    /// The paths that a pattern stands for on this machine.
    static func expand(_ pattern: String) -> [String] {
        var found = glob_t()
        defer { globfree(&found) }
        guard glob(pattern, 0, nil, &found) == 0 else { return [] }
        return (0..<Int(found.gl_pathc)).compactMap { found.gl_pathv[$0].map { String(cString: $0) } }
    }
}
