internal import Glibc
import OstlerHost
import OstlerProtocol
import OstlerTasks
import OstlerTestSupport
import Testing

/// What a task writes, and what is kept of it.
@Suite(.needsSandbox, .timeLimit(.minutes(2)))
struct OutputTests {
    @Test func `a short stream is kept as it is, and nothing is put on the disk`() async throws {
        try await withHost(HostSetup.withCommand) { host in
            let result = await host.command("sh", "-c", "head -c 65536 /dev/zero")
            #expect(result.output.bytes == [UInt8](repeating: 0, count: 65536))
            #expect(result.output.sha256 == nil)
            #expect(!result.output.isTruncated)
        }
    }

    @Test func `a longer stream goes through a spool and comes out whole, with its digest`() async throws {
        try await withHost { setup in
            setup.hasCommand = true
            try setup.useSpool()
        } body: { host in
            let result = await host.command("sh", "-c", "head -c 1000000 /dev/zero; seq 1 20000 >&2")
            #expect(result.outcome == .succeeded, "\(result.error?.message ?? "")")
            #expect(result.output.bytes == [UInt8](repeating: 0, count: 1_000_000))
            // As sha256sum says it.
            #expect(result.output.sha256 == "d29751f2649b32ff572b5e0a9f541ea660a50f94ff0beedfb0b692b924cc8025")
            #expect(result.errorOutput.text == (1...20_000).map { "\($0)\n" }.joined())
            #expect(!result.errorOutput.isTruncated)
            #expect(namesOfDirectory(host.host.settings.spoolDirectory) == [])
        }
    }

    @Test func `of a stream that is too long its head and its tail are kept, and how long it was`() async throws {
        try await withHost(HostSetup.withCommand) { host in
            let result = await host.command("sh", "-c", "seq 1 3000000")
            let all = Array((1...3_000_000).map { "\($0)\n" }.joined().utf8)
            let half = CapturedOutput.keptBytes / 2
            #expect(result.outcome == .succeeded, "\(result.error?.message ?? "")")
            #expect(result.output.total == UInt64(all.count))
            #expect(result.output.isTruncated)
            #expect(result.output.bytes.elementsEqual(all.prefix(half) + all.suffix(half)))
        }
    }

    @Test func `many long streams at once do not mix`() async throws {
        try await withHost(HostSetup.withCommand) { host in
            let tasks = (1...8).map { number in
                host.start(
                    TestHost.payload(["sh", "-c", "yes \(number) | head -n 100000; yes e\(number) | head -n 50000 >&2"]
                    ),
                    executor: "command",
                    timeout: 60_000
                )
            }
            for (index, task) in tasks.enumerated() {
                let result = await task.value
                #expect(result.output.text == String(repeating: "\(index + 1)\n", count: 100_000))
                #expect(result.errorOutput.text == String(repeating: "e\(index + 1)\n", count: 50_000))
            }
        }
    }

    @Test func `a spool that cannot be made ends the task, and others go on`() async throws {
        try await withHost { setup in
            setup.hasCommand = true
            setup.spoolDirectory = setup.directory.path + "/no/such"
        } body: { host in
            let result = await host.command("sh", "-c", "head -c 1000000 /dev/zero; sleep 600", timeout: 60_000)
            #expect(result.outcome == .infra)
            #expect(result.error?.code == "spool_failed")
            #expect(result.error?.fault == .infra)
            #expect(result.cancellation?.reason == "infra")
            await host.expectNoCommand()
            #expect(await host.command("echo", "good").output.text == "good\n")
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can mount a small file system"))
    func `a full disk ends the task that fills it, and others go on`() async throws {
        try await withHost { setup in
            setup.hasCommand = true
            try setup.useSpool()
        } body: { host in
            let directory = host.host.settings.spoolDirectory
            try #require(exitStatus(of: "/bin/mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", directory]) == 0)
            defer { umount2(directory, Int32(MNT_DETACH)) }
            let full = await host.command("sh", "-c", "head -c 8000000 /dev/zero", timeout: 60_000)
            #expect(full.outcome == .infra, "\(full.outcome)")
            #expect(full.error?.code == "spool_failed")
            #expect(full.error?.message.contains(directory) == true)
            #expect(full.error?.sideEffects != Failure.SideEffects.none)
            let fits = await host.command("sh", "-c", "head -c 500000 /dev/zero", timeout: 60_000)
            #expect(fits.outcome == .succeeded, "\(fits.error?.message ?? "")")
            #expect(fits.output.total == 500_000)
        }
    }
}
