internal import Glibc

/// What a program or library of this machine says of what it needs. Nothing of it is believed further than its own size.
struct ELFFile: Sendable, Equatable {
    /// The loader that the kernel starts in its place.
    var interpreter: String?
    /// Names of libraries, or paths.
    var needed: [String] = []
    /// `DT_RPATH`: counts for what the file's own libraries need as well.
    var inheritedPath: [String] = []
    /// `DT_RUNPATH`.
    var ownPath: [String] = []
    /// Whether the default directories are not to be searched.
    var skipsDefaults = false

    /// Why a file was not read.
    enum Problem: Error, Equatable {
        case notELF
        case otherMachine
        case malformed
    }

    #if arch(x86_64)
        private static let machine: UInt16 = 62
    #elseif arch(arm64)
        private static let machine: UInt16 = 183
    #endif

    /// Reads by position; the descriptor stays the caller's.
    init(reading descriptor: Int32) throws(Problem) {
        let source = Source(descriptor: descriptor)
        let head = try source.bytes(at: 0, count: 64, or: .notELF)
        guard head.starts(with: [0x7F, 0x45, 0x4C, 0x46]) else { throw .notELF }
        // 64 bits, little-endian.
        guard head[4] == 2, head[5] == 1, head.number(at: 18, UInt16.self) == Self.machine else { throw .otherMachine }
        let entrySize = Int(head.number(at: 54, UInt16.self))
        let count = Int(head.number(at: 56, UInt16.self))
        guard entrySize == 56, count <= 256 else { throw .malformed }
        let table = try source.bytes(at: head.number(at: 32, UInt64.self), count: entrySize * count)
        let segments = (0..<count).map { Segment(table, at: $0 * entrySize) }
        for segment in segments where segment.kind == .interpreter {
            let bytes = try source.bytes(at: segment.offset, count: segment.boundedSize(4096))
            interpreter = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if let dynamic = segments.first(where: { $0.kind == .dynamic }) {
            try read(dynamic, source, segments.filter { $0.kind == .load })
        }
    }

    private struct Segment {
        enum Kind: UInt32 {
            case load = 1
            case dynamic = 2
            case interpreter = 3
        }

        let kind: Kind?
        let offset: UInt64
        let address: UInt64
        let size: UInt64

        init(_ bytes: [UInt8], at start: Int) {
            kind = Kind(rawValue: bytes.number(at: start, UInt32.self))
            offset = bytes.number(at: start + 8, UInt64.self)
            address = bytes.number(at: start + 16, UInt64.self)
            size = bytes.number(at: start + 32, UInt64.self)
        }

        func boundedSize(_ most: Int) -> Int { Int(min(size, UInt64(most))) }
    }

    private enum Tag {
        static let end: UInt64 = 0
        static let needed: UInt64 = 1
        static let strings: UInt64 = 5
        static let stringsSize: UInt64 = 10
        static let inheritedPath: UInt64 = 15
        static let ownPath: UInt64 = 29
        static let flags: UInt64 = 0x6FFF_FFFB
        static let noDefaults: UInt64 = 0x800
    }

    private mutating func read(_ dynamic: Segment, _ source: Source, _ loads: [Segment]) throws(Problem) {
        let bytes = try source.bytes(at: dynamic.offset, count: dynamic.boundedSize(1 << 16) / 16 * 16)
        var entries: [(tag: UInt64, value: UInt64)] = []
        for at in stride(from: 0, to: bytes.count, by: 16) {
            let tag = bytes.number(at: at, UInt64.self)
            if tag == Tag.end { break }
            entries.append((tag, bytes.number(at: at + 8, UInt64.self)))
        }
        guard let address = entries.first(where: { $0.tag == Tag.strings })?.value else { return }
        let size = entries.first { $0.tag == Tag.stringsSize }?.value ?? 0
        guard let home = loads.first(where: { $0.address <= address && address - $0.address < $0.size }) else {
            throw .malformed
        }
        let (offset, isTooFar) = home.offset.addingReportingOverflow(address - home.address)
        guard !isTooFar, size <= 4 << 20 else { throw .malformed }
        let strings = try source.bytes(at: offset, count: Int(size))
        for entry in entries {
            switch entry.tag {
            case Tag.needed: needed.append(try strings.string(at: entry.value))
            case Tag.inheritedPath: inheritedPath += try strings.string(at: entry.value).pathList
            case Tag.ownPath: ownPath += try strings.string(at: entry.value).pathList
            case Tag.flags: skipsDefaults = entry.value & Tag.noDefaults != 0
            default: break
            }
        }
        // The loader looks at one of them only.
        if !ownPath.isEmpty { inheritedPath = [] }
    }

    private struct Source {
        let descriptor: Int32

        func bytes(at offset: UInt64, count: Int, or problem: Problem = .malformed) throws(Problem) -> [UInt8] {
            guard offset <= UInt64(Int64.max) else { throw problem }
            var bytes = [UInt8](repeating: 0, count: count)
            guard pread(descriptor, &bytes, count, off_t(offset)) == count else { throw problem }
            return bytes
        }
    }
}

extension [UInt8] {
    fileprivate func number<Number: FixedWidthInteger>(at offset: Int, _ type: Number.Type) -> Number {
        withUnsafeBytes { Number(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Number.self)) }
    }

    fileprivate func string(at offset: UInt64) throws(ELFFile.Problem) -> String {
        guard offset < UInt64(count), let end = self[Int(offset)...].firstIndex(of: 0) else { throw .malformed }
        return String(decoding: self[Int(offset)..<end], as: UTF8.self)
    }
}

extension String {
    fileprivate var pathList: [String] { split(separator: ":").map(String.init) }
}
