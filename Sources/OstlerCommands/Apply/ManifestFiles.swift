internal import Glibc
internal import OstlerConfig
internal import OstlerResources
internal import OstlerTasks

/// Manifests of the disk and of stdin.
final class ManifestFiles {
    /// All that were asked for so far, those that others include among them.
    private(set) var paths: [String] = []

    /// Reads them with what they include.
    func read(_ paths: [String]) throws(ConfigFailure) -> Manifest {
        let providers = ExecProviderRegistry.standard { access("/bin/sh", X_OK) == 0 }
        var reader = ManifestReader(providers: providers, warn: { Log.warning($0) }) { path in
            self.paths.append(path)
            return path == "-" ? Self.stdin() : Self.file(path)
        }
        return try reader.read(paths)
    }

    private static func file(_ path: String) -> Result<[UInt8], SmallFile.Failure> {
        do throws(SmallFile.Failure) {
            return .success(try SmallFile.read(path).bytes)
        } catch {
            guard error.kind == .notRegular, !isDirectory(path) else { return .failure(error) }
            let way = "what comes through a pipe is read from stdin, by `ostler apply -`"
            return .failure(.init(error.kind, "\(error.message); \(way)"))
        }
    }

    private static func isDirectory(_ path: String) -> Bool {
        (try? SmallFile.status(at: path))?.isDirectory ?? true
    }

    private static func stdin() -> Result<[UInt8], SmallFile.Failure> {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count <= YAMLDocument.maximumBytes {
            let count = Glibc.read(0, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return .failure(SmallFile.Failure(errno: errno)) }
            guard count > 0 else { return .success(bytes) }
            bytes += chunk.prefix(count)
        }
        return .failure(.init(.tooLarge, "is larger than \(YAMLDocument.maximumBytes) bytes"))
    }
}
