internal import Glibc
internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// `ostler run command -- …`, as root or whoever runs the tests.
    @Suite(.sandboxed)
    struct RunTests {
        @Test
        func `Both streams arrive apart and byte for byte`() async throws {
            try await withTree { tree in
                let script = """
                    import os
                    every = bytes(range(256)) * 300
                    os.write(1, every[:0]); os.write(2, b"first")
                    while every:
                        every = every[os.write(1, every):]
                    os.write(2, bytes(range(255, -1, -1)))
                    """
                let result = try await tree.task(["python3", "-c", script])
                let all = [UInt8](0...255)
                #expect(result.exitCode == 0, "\(result.complaint)")
                let isWhole = result.output == Array(repeatElement(all, count: 300).joined())
                #expect(isWhole, "\(result.output.count) bytes")
                #expect(result.errors == Array("first".utf8) + all.reversed())
            }
        }

        @Test(
            arguments: [
                (["true"], [], 0), (["false"], [], 1), (["sh", "-c", "exit 9"], [], 1),
                (["sh", "-c", "kill -9 $$"], [], 1), (["no-such-program"], [], 1), (["/etc/passwd"], [], 1),
                (["sleep", "100"], ["--timeout", "200ms"], 4),
                (["true"], ["--exit-code", "task"], 0), (["sh", "-c", "exit 77"], ["--exit-code", "task"], 77),
                (["sh", "-c", "exit 255"], ["--exit-code", "task"], 255),
                (["sh", "-c", "kill -9 $$"], ["--exit-code", "task"], 137),
                (["sh", "-c", "kill -TERM $$"], ["--exit-code", "task"], 143),
                (["no-such-program"], ["--exit-code", "task"], 127),
                (["sleep", "100"], ["--timeout", "200ms", "--exit-code", "task"], 4),
            ] as [([String], [String], Int32)]
        )
        func `The exit code tells the outcome`(argv: [String], options: [String], code: Int32) async throws {
            try await withTree { tree in
                let result = try await tree.task(argv, options: options)
                #expect(result.exitCode == code, "\(argv) \(options): \(result.complaint)")
            }
        }

        @Test
        func `The JSON result has the outcome, both streams, and a certificate of all required layers`() async throws {
            try await withTree { tree in
                let result = try await tree.task(
                    ["sh", "-c", "printf out; printf 'err\\377' >&2; exit 3"],
                    options: ["--json", "--id", "mine"]
                )
                #expect(result.exitCode == 1)
                #expect(result.complaint == "")
                let json = try result.json()
                #expect(json["id"]?.string == "mine")
                #expect(json["outcome"]?.string == "failed")
                #expect(json["exit_code"]?.int == 3)
                #expect(json["executor"]?.string == "command")
                #expect(json["principal"]?.string == "uid:\(getuid())")
                #expect(json["output"]?["text"]?.string == "out")
                #expect(json["output"]?["bytes"]?.int == 3)
                #expect(json["stderr"]?["base64"]?.string == "ZXJy/w==")
                #expect(json["plugin"]?["name"]?.string == "command")
                let layers = try #require(json["isolation"]?["layers"]?.array)
                let required = layers.filter { $0["asked"]?.string == "required" }
                #expect(required.count >= 18)
                #expect(required.allSatisfy { $0["enforced"]?.bool == true }, "\(required)")
                for name in ["user_namespace", "pid_namespace", "network_namespace", "seccomp", "no_new_privs"] {
                    #expect(required.contains { $0["layer"]?.string == name }, "\(name) in \(required)")
                }
            }
        }

        @Test
        func `A signal is told by number`() async throws {
            try await withTree { tree in
                let told = try await tree.task(["sh", "-c", "kill -USR1 $$"])
                #expect(told.complaint == "ostler: failed: signal 10\n")
                let json = try await tree.task(["sh", "-c", "kill -SEGV $$"], options: ["--json"]).json()
                #expect(json["signal"]?.int == 11)
                #expect(json["outcome"]?.string == "failed")
            }
        }

        @Test
        func `A program that does not exist is a failed task with a code of its own`() async throws {
            try await withTree { tree in
                let result = try await tree.task(["no-such-program"], options: ["--json"])
                let json = try result.json()
                #expect(json["outcome"]?.string == "failed")
                #expect(json["exit_code"]?.int == -1)
                #expect(json["error"]?["code"]?.string == "command_not_found")
                let told = try await tree.task(["no-such-program"])
                #expect(told.complaint.contains("\"no-such-program\" was not found"))
                #expect(told.complaint.contains("[command_not_found at /payload/command]"))
            }
        }

        @Test
        func `A time-out ends everything and says so`() async throws {
            try await withTree { tree in
                let marker = Marker()
                let finished = try await onThread {
                    let words = ["run", "command", "--timeout", "10s", "--json", "--"]
                    let child = try tree.start(words + marker.argv(stubborn: true))
                    #expect(marker.waitFor(2), "\(child.errors)")
                    return child.finish()
                }
                #expect(marker.processes.isEmpty)
                let json = try finished.json()
                #expect(json["outcome"]?.string == "timeout")
                #expect(json["error"]?["code"]?.string == "timeout", "\(finished.text)")
                #expect(json["cancel"]?["reason"]?.string == "timeout")
                #expect(json["cancel"]?["survivors"]?.string == "none")
            }
        }

        @Test
        func `Words of the command line need not be text`() async throws {
            try await withTree { tree in
                var command = tree.command(["run", "command", "--", "printf", "%s|"])
                command.arguments += [[0xFF, 0x41], [0xC3], Array("ä\n\u{1}".utf8), []]
                let result = try await tree.run(command)
                #expect(result.exitCode == 0, "\(result.complaint)")
                #expect(result.output == [0xFF, 0x41, 0x7C, 0xC3, 0x7C] + Array("ä\n\u{1}||".utf8))
            }
        }

        @Test
        func `A user of its own has no rights and sees nothing but its view`() async throws {
            try await withTree { tree in
                let script =
                    "id -u; cat /proc/self/status | grep CapEff; ls /home /root 2>&1 | head -3; hostname; echo $$"
                let result = try await tree.task(["sh", "-c", script])
                #expect(result.exitCode == 0, "\(result.complaint)")
                #expect(result.text.contains("CapEff:\t0000000000000000"))
                #expect(!result.text.contains(tree.directory.path))
            }
        }

        @Test
        func `More output than is kept still streams whole`() async throws {
            try await withTree { tree in
                let result = try await tree.task(["sh", "-c", "head -c 20000000 /dev/zero | tr '\\0' x"])
                #expect(result.exitCode == 0, "\(result.complaint)")
                #expect(result.output.count == 20_000_000)
                let json = try await tree.task(
                    ["sh", "-c", "head -c 20000000 /dev/zero | tr '\\0' x"],
                    options: ["--json"]
                ).json()
                #expect(json["output"]?["truncated"]?.bool == true)
                #expect(json["output"]?["bytes"]?.int == 20_000_000)
                #expect(json["outcome"]?.string == "succeeded")
            }
        }

        @Test
        func `Output beyond the limit ends the task`() async throws {
            try await withTree { tree in
                try tree.directory.write("home/ostler.yaml", "sandbox: {limits: {output: 4MiB}}\n")
                let result = try await tree.task(["yes"], options: ["--json"])
                #expect(result.exitCode == 1)
                let json = try result.json()
                #expect(json["outcome"]?.string == "limit")
                #expect(json["error"]?["limit"]?["name"]?.string == "output")
                #expect(json["cancel"]?["survivors"]?.string == "none")
            }
        }
    }
}
