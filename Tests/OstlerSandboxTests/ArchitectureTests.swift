import Glibc
import OstlerTestSupport
import Testing

/// What the launcher's C code must come to on each processor. On a foreign one it is compiled by a cross compiler, and
/// what needs no kernel is run by an emulator: that builds no namespaces and knows no filters.
@Suite struct `The launcher on each architecture` {
    /// A way to compile for an architecture, and to run what comes of it.
    struct Toolchain: Sendable, CustomTestStringConvertible {
        let name: String
        let compiler: String
        let emulator: String?
        /// `e_machine` of its programs.
        let machine: UInt8

        var testDescription: String { name }
        var isThere: Bool {
            let programs: [String] = [compiler] + (emulator.map { [$0] } ?? [])
            return programs.allSatisfy { access($0, X_OK) == 0 }
        }
    }

    private static let aarch64 = Toolchain(
        name: "aarch64",
        compiler: "/usr/bin/aarch64-linux-gnu-gcc",
        emulator: "/usr/bin/qemu-aarch64-static",
        machine: 183
    )

    private static let sources = Surroundings.packageRoot() + "/Sources"

    /// Compiles C files to a static program, with each warning an error.
    private func compile(
        _ files: String,
        _ toolchain: Toolchain,
        _ directory: TemporaryDirectory
    ) throws -> String {
        let program = directory.file("program")
        let folder = Self.sources + "/COstlerLaunch"
        let flags = "-static -O1 -std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Werror -I\(folder) -I\(folder)/include"
        let line = "\(toolchain.compiler) \(flags) \(files) \(folder)/*.c -o \(program)"
        let status = exitStatus(of: "/bin/sh", ["-c", line])
        try #require(status == 0, "\(line): \(status)")
        return program
    }

    private func run(_ program: String, _ toolchain: Toolchain, _ directory: TemporaryDirectory) throws -> [UInt8] {
        let output = directory.file("output")
        let line = "\(toolchain.emulator ?? "") \(program) > \(output) 2>&1 < /dev/null"
        let status = exitStatus(of: "/bin/sh", ["-c", line])
        return try contents(ofFile: output) + Array("ended with \(status)\n".utf8)
    }

    @Test func `the filter and the packets of this one are as they are written down`() throws {
        try withTemporaryDirectory { directory in
            let native = Toolchain(name: "native", compiler: "/usr/bin/cc", emulator: nil, machine: 0)
            let source = Surroundings.packageRoot() + "/Tests/Fixtures/architecture/verdicts.c"
            let told = try run(try compile(source, native, directory), native, directory)
            try expectGolden(told, "architecture/verdicts.txt")
        }
    }

    @Test(.enabled(if: aarch64.isThere, "no cross compiler or no emulator: scripts/test installs them"))
    func `the filter and the packets of aarch64 are the same`() throws {
        try withTemporaryDirectory { directory in
            let source = Surroundings.packageRoot() + "/Tests/Fixtures/architecture/verdicts.c"
            let told = try run(try compile(source, Self.aarch64, directory), Self.aarch64, directory)
            try expectGolden(told, "architecture/verdicts.txt")
        }
    }

    @Test(.enabled(if: aarch64.isThere, "no cross compiler or no emulator: scripts/test installs them"))
    func `the launcher of aarch64 compiles without a warning, and starts`() throws {
        try withTemporaryDirectory { directory in
            let program = try compile(Self.sources + "/ostler-launch/main.c", Self.aarch64, directory)
            let head = try contents(ofFile: program).prefix(20)
            #expect(Array(head.prefix(5)) == [0x7F, 0x45, 0x4C, 0x46, 2])
            #expect(head[18] == Self.aarch64.machine)
            let told = String(decoding: try run(program, Self.aarch64, directory), as: UTF8.self)
            #expect(told.hasPrefix("ostler-launch: usage: ostler-launch RUN FIRST_UID UIDS"), "\(told)")
            #expect(told.hasSuffix("ended with 1\n"), "\(told)")
        }
    }

    @Test(.enabled(if: aarch64.isThere, "no cross compiler or no emulator: scripts/test installs them"))
    func `the system calls that Swift cannot make compile for aarch64`() {
        let folder = Self.sources + "/COstlerShims"
        let flags = "-fsyntax-only -std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Werror -I\(folder)/include"
        let line = "\(Self.aarch64.compiler) \(flags) \(folder)/*.c"
        #expect(exitStatus(of: "/bin/sh", ["-c", line]) == 0)
    }
}
