internal import OstlerTrust

/// However an archive is cut, the same files come out or the same is wrong with it; none of them lies outside of the
/// plugin, and none is there twice.
///
/// The first byte says what the rest is: 0 for tar in gzip, 1 for tar, more for tar whose sums are made right first. The
/// second says how it is cut.
enum ArchiveFuzz {
    private enum Seen: Equatable {
        case unpacked([Member])
        case refused(TrustError.Code)
    }

    fileprivate struct Member: Equatable {
        let path: String
        /// Nil for a folder.
        let contents: [UInt8]?
    }

    static func check(_ bytes: UnsafeBufferPointer<UInt8>) throws(BrokenPromise) {
        guard bytes.count > 2 else { return }
        var archive = Array(bytes[2...])
        if bytes[0] > 1 { correctSums(&archive) }
        let isPacked = bytes[0] == 0
        let whole = try unpack(archive, isPacked, cutBy: nil)
        for seed in [UInt64(0), UInt64(bytes[1])] {
            try promise(try unpack(archive, isPacked, cutBy: seed) == whole, "cut by \(seed) it is something else")
        }
        guard case .unpacked(let members) = whole else { return }
        for member in members {
            let parts = member.path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            let isInside = parts.allSatisfy {
                !$0.isEmpty && !$0.elementsEqual("..".utf8) && !$0.elementsEqual(".".utf8)
            }
            try promise(isInside, "a member outside of the plugin: \(member.path.debugDescription)")
        }
        try promise(Set(members.map { Array($0.path.utf8) }).count == members.count, "a member twice")
        let most = members.reduce(0) { $0 + ($1.contents?.count ?? 0) }
        try promise(isPacked || most <= archive.count, "\(most) bytes out of \(archive.count)")
    }

    /// - Parameter seed: chooses the pieces; 0 for small ones, nil for one piece.
    private static func unpack(_ bytes: [UInt8], _ isPacked: Bool, cutBy seed: UInt64?) throws(BrokenPromise) -> Seen {
        let sink = Memory()
        do throws(TrustError) {
            var reader = try ArchiveReader(into: sink, isPacked: isPacked)
            var rest = bytes[...]
            var state = seed ?? 0
            while !rest.isEmpty {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let length = seed.map { $0 == 0 ? 37 : 1 + Int(state >> 33) % 2000 } ?? rest.count
                try reader.feed(Array(rest.prefix(length)))
                rest = rest.dropFirst(length)
            }
            try reader.finish()
        } catch {
            try promisePresentable(error.description)
            return .refused(error.code)
        }
        return .unpacked(sink.members)
    }

    /// Puts the right sum into what looks like a header: made-up bytes would hardly ever have it.
    private static func correctSums(_ archive: inout [UInt8]) {
        for start in stride(from: 0, to: archive.count - 511, by: 512) {
            guard archive[(start + 257)..<(start + 262)].elementsEqual("ustar".utf8) else { continue }
            for index in 148..<156 { archive[start + index] = 0x20 }
            let sum = archive[start..<(start + 512)].reduce(0) { $0 + Int($1) }
            for (index, digit) in String(sum, radix: 8).utf8.enumerated() { archive[start + 148 + index] = digit }
        }
    }
}

/// Takes in what the staging of a plugin would, and writes none of it.
private final class Memory: ArchiveSink {
    private var inventory = PluginInventory()
    private var folders: Set<String> = []
    private(set) var members: [ArchiveFuzz.Member] = []

    func addFolder(_ path: String) throws(TrustError) {
        guard folders.insert(path).inserted else { return }
        try addParents(of: path)
        try inventory.add(path)
        members.append(.init(path: path, contents: nil))
    }

    private func addParents(of path: String) throws(TrustError) {
        if let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) { try addFolder(String(path[..<slash])) }
    }

    func addFile(
        _ path: String,
        isExecutable: Bool,
        _ fill: (_ take: (UnsafeRawBufferPointer) throws(TrustError) -> Void) throws(TrustError) -> Void
    ) throws(TrustError) {
        try addParents(of: path)
        try inventory.add(path)
        var contents: [UInt8] = []
        try fill { (bytes) throws(TrustError) in contents.append(contentsOf: bytes) }
        try inventory.add(bytes: contents.count)
        members.append(.init(path: path, contents: contents))
    }
}
