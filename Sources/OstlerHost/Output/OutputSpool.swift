internal import Glibc
internal import OstlerSystem
internal import OstlerTasks

/// A stream that is too long for memory: a nameless file with its head and its tail, and a digest of all of it.
///
/// `@unchecked Sendable`: made on the loop and from then on touched by the worker thread only, which does one thing after
/// another.
final class OutputSpool: @unchecked Sendable {
    /// What could not be done with the file.
    struct Fault: Error {
        let step: String
        let errno: Int32
    }

    private let directory: String
    private let half: Int
    private var file: Int32 = -1
    private var total: UInt64 = 0
    private var digest = SHA256()
    private var fault: Fault?

    /// - Parameter keptBytes: the most that the file holds: half of it from the start, half from the end.
    init(directory: String, keptBytes: Int = CapturedOutput.keptBytes) {
        self.directory = directory
        half = keptBytes / 2
    }

    deinit {
        if file >= 0 { close(file) }
    }

    /// Adds bytes; the first fault stays.
    func write(_ bytes: [UInt8]) -> Fault? {
        guard fault == nil else { return fault }
        do {
            if file < 0 { try create() }
            try bytes.withUnsafeBytes { bytes in
                digest.update(bytes)
                try put(bytes)
            }
        } catch {
            fault = error as? Fault
        }
        return fault
    }

    /// The file has no name, so that nothing is left of it, however the host ends.
    private func create() throws(Fault) {
        do throws(SystemFailure) {
            file = try NamelessFile.make(in: directory)
        } catch {
            throw Fault(step: "making a file", errno: error.errno)
        }
    }

    private func put(_ bytes: UnsafeRawBufferPointer) throws(Fault) {
        var bytes = bytes
        while !bytes.isEmpty {
            let place = self.place
            let count = pwrite(file, bytes.baseAddress, min(bytes.count, place.room), off_t(place.offset))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Fault(step: "write", errno: count == 0 ? ENOSPC : errno) }
            total += UInt64(count)
            bytes = UnsafeRawBufferPointer(rebasing: bytes[count...])
        }
    }

    /// Where the next byte belongs: the head, or the ring behind it.
    private var place: (offset: Int, room: Int) {
        guard total >= UInt64(half) else { return (Int(total), half - Int(total)) }
        let offset = Int((total - UInt64(half)) % UInt64(half))
        return (half + offset, half - offset)
    }

    /// What was kept, in order.
    func collect() -> Result<CapturedOutput, Fault> {
        if let fault { return .failure(fault) }
        do {
            let kept = Int(min(total, UInt64(half * 2)))
            var bytes = [UInt8](repeating: 0, count: kept)
            try read(into: &bytes)
            if total > UInt64(half * 2) {
                let oldest = Int(total % UInt64(half))
                bytes =
                    [UInt8](bytes[..<half]) + [UInt8](bytes[(half + oldest)...])
                    + [UInt8](bytes[half..<(half + oldest)])
            }
            return .success(CapturedOutput(bytes, total: total, sha256: digest.finish()))
        } catch {
            return .failure(error)
        }
    }

    private func read(into bytes: inout [UInt8]) throws(Fault) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeMutableBytes { bytes in
                pread(file, bytes.baseAddress.unsafelyUnwrapped + done, bytes.count - done, off_t(done))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Fault(step: "read", errno: count == 0 ? EIO : errno) }
            done += count
        }
    }
}
