internal import OstlerJSON

/// Unpacks a tar archive, as its bytes come. Files and folders only: whatever else tar can
/// carry is refused, since a plugin has no use for it and an attacker has.
///
/// Understood are ustar, the long names of GNU tar, and `path` of pax.
struct TarReader<Sink: ArchiveSink> {
    /// What the next block is.
    private enum State {
        case header
        /// Of the file that is being read.
        case file
        /// Of a long name of GNU tar, or of the members of pax.
        case extra(kind: UInt8)
        /// One empty block has been seen.
        case ending
        case ended
    }

    private let sink: Sink
    private var state = State.header
    private var pending: [UInt8] = []
    private var file = TarFile(path: "", isExecutable: false, left: 0)
    private var extra: [UInt8] = []
    /// How much of ``extra`` is to come.
    private var extraLeft = 0
    /// The name of the next member, if it was given apart.
    private var longName: String?

    init(into sink: Sink) {
        self.sink = sink
    }

    /// Takes the next bytes of the archive.
    mutating func feed(_ bytes: [UInt8]) throws(TrustError) {
        pending += bytes
        var offset = 0
        while pending.count - offset >= blockSize {
            offset += try take(pending[offset...])
        }
        pending.removeFirst(offset)
    }

    /// Throws unless the archive is complete.
    func finish() throws(TrustError) {
        guard case .ended = state, pending.isEmpty else {
            throw TrustError(.archiveTruncated, "the archive is cut off", hint: "get it again")
        }
    }

    /// Takes one block, or as many of a file as there are; tells how many bytes.
    private mutating func take(_ bytes: ArraySlice<UInt8>) throws(TrustError) -> Int {
        let block = bytes.prefix(blockSize)
        switch state {
        case .header: try takeHeader(block)
        case .file: return try takeContents(bytes)
        case .extra(let kind):
            extra += block.prefix(extraLeft)
            extraLeft -= blockSize
            if extraLeft <= 0 {
                state = .header
                try takeExtra(kind, extra)
            }
        case .ending:
            guard block.allSatisfy({ $0 == 0 }) else { throw TarHeader.damaged }
            state = .ended
        case .ended:
            // Tar fills up its last record.
            guard block.allSatisfy({ $0 == 0 }) else { throw TarHeader.damaged }
        }
        return blockSize
    }

    private mutating func takeContents(_ bytes: ArraySlice<UInt8>) throws(TrustError) -> Int {
        let whole = bytes.count / blockSize * blockSize
        let count = min(file.left, whole)
        file.bytes += bytes.prefix(count)
        file.left -= count
        guard file.left == 0 else { return count }
        try close()
        return (count + blockSize - 1) / blockSize * blockSize
    }

    private mutating func takeHeader(_ block: ArraySlice<UInt8>) throws(TrustError) {
        guard block.contains(where: { $0 != 0 }) else {
            guard longName == nil else { throw TarHeader.damaged }
            state = .ending
            return
        }
        let header = try TarHeader(block)
        switch header.kind {
        case UInt8(ascii: "L"), UInt8(ascii: "x"), UInt8(ascii: "g"):
            guard header.size > 0, header.size <= 1 << 16 else {
                throw TrustError(.archiveUnsupported, "the archive has a name or comment of \(header.size) bytes")
            }
            state = .extra(kind: header.kind)
            extra = []
            extraLeft = header.size
        default:
            guard let name = longName ?? header.name else {
                throw TrustError(.unsafePath, "a name in the archive is empty or not UTF-8", hint: "rename the file")
            }
            longName = nil
            try takeMember(header, name)
        }
    }

    private mutating func takeMember(_ header: TarHeader, _ name: String) throws(TrustError) {
        let shown = Quotation.text(name, longest: 80)
        switch header.kind {
        case 0, UInt8(ascii: "0"), UInt8(ascii: "7"):
            guard header.mode & 0o7000 == 0 else {
                throw TrustError(.setuidFile, "\(shown) is a setuid or setgid file", hint: "chmod u-s,g-s,-t it")
            }
            let path = try Self.path(name)
            guard Int64(header.size) <= PluginInventory.maximumBytes else {
                throw TrustError(.tooLarge, "\(shown) is larger than \(PluginInventory.maximumBytes) bytes")
            }
            file = TarFile(path: path, isExecutable: header.mode & 0o111 != 0, left: header.size)
            state = .file
            if file.left == 0 { try close() }
        case UInt8(ascii: "5"):
            let path = try Self.path(name)
            if !path.isEmpty { try sink.addFolder(path) }
            state = .header
        case UInt8(ascii: "1"), UInt8(ascii: "2"):
            let kind = header.kind == UInt8(ascii: "1") ? "hard" : "symbolic"
            throw TrustError(.archiveLink, "\(shown) is a \(kind) link", hint: "put the file itself there")
        case UInt8(ascii: "3"), UInt8(ascii: "4"), UInt8(ascii: "6"):
            throw TrustError(.archiveDevice, "\(shown) is a device or a FIFO", hint: "remove it")
        default:
            let letter = Quotation.text(String(decoding: [header.kind], as: UTF8.self))
            throw TrustError(
                .archiveUnsupported,
                "\(shown) is of the kind \(letter), which plugins do not need",
                hint: "pack it with ostler plugin pack"
            )
        }
    }

    private mutating func close() throws(TrustError) {
        try sink.addFile(file.path, isExecutable: file.isExecutable) { (take) throws(TrustError) in
            let result = file.bytes.withUnsafeBytes { bytes -> Result<Void, TrustError> in
                Result { () throws(TrustError) in try take(bytes) }
            }
            try result.get()
        }
        file.bytes = []
        state = .header
    }

    private mutating func takeExtra(_ kind: UInt8, _ bytes: [UInt8]) throws(TrustError) {
        switch kind {
        case UInt8(ascii: "L"): longName = try Self.text(bytes.prefix { $0 != 0 })
        case UInt8(ascii: "x"): longName = try Self.paxPath(bytes) ?? longName
        default: break
        }
    }

    /// The path below the plugin's folder; empty for the folder itself. `./` before it means nothing.
    private static func path(_ name: String) throws(TrustError) -> String {
        let shown = Quotation.text(name, longest: 80)
        // By scalars: a slash and what stands around it may be one `Character`.
        let scalars = name.unicodeScalars
        guard scalars.first != "/" else {
            throw TrustError(.archiveAbsolutePath, "\(shown) is an absolute path", hint: "do not trust who made it")
        }
        var parts = scalars.split(separator: "/").map { String($0) }[...]
        while parts.first == "." { parts = parts.dropFirst() }
        guard !parts.contains("..") else {
            throw TrustError(.archivePathOutside, "\(shown) leads out of the archive", hint: "do not trust who made it")
        }
        return parts.joined(separator: "/")
    }

    /// `LENGTH KEY=VALUE` and a line's end for each member.
    private static func paxPath(_ bytes: [UInt8]) throws(TrustError) -> String? {
        var rest = bytes[...]
        var path: String?
        while !rest.isEmpty {
            guard let space = rest.firstIndex(of: 0x20),
                let length = Int(String(decoding: rest[..<space], as: UTF8.self)),
                length > space - rest.startIndex + 1, length <= rest.count
            else { throw TarHeader.damaged }
            let member = rest[(space + 1)..<(rest.startIndex + length - 1)]
            rest = rest.dropFirst(length)
            guard let equals = member.firstIndex(of: UInt8(ascii: "=")) else { throw TarHeader.damaged }
            let key = String(decoding: member[..<equals], as: UTF8.self)
            if key == "path" { path = try text(member[(equals + 1)...]) }
            // They would change what the header says, or the file is not what it seems to be.
            guard key != "size", key != "linkpath", !key.hasPrefix("GNU.sparse") else {
                throw TrustError(
                    .archiveUnsupported,
                    "the archive has a member with \(Quotation.text(key)), which plugins do not need",
                    hint: "pack it with ostler plugin pack"
                )
            }
        }
        return path
    }

    private static func text(_ bytes: some Collection<UInt8>) throws(TrustError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw TrustError(.unsafePath, "a name in the archive is not UTF-8", hint: "rename the file")
        }
        return text
    }
}

/// Headers are as long, and contents begin at multiples of it.
private let blockSize = 512

/// A file whose contents are on their way.
private struct TarFile {
    let path: String
    let isExecutable: Bool
    var bytes: [UInt8] = []
    var left: Int
}

/// What stands before each member of an archive.
private struct TarHeader {
    /// Nil if it is no text; the name that was given apart counts then.
    let name: String?
    let kind: UInt8
    let mode: Int
    let size: Int

    static let damaged = TrustError(
        .archiveInvalid,
        "the archive is no tar, or it is damaged",
        hint: "get it again"
    )

    init(_ block: ArraySlice<UInt8>) throws(TrustError) {
        let bytes = Array(block)
        kind = bytes[156]
        guard let size = Self.number(bytes[124..<136]), let mode = Self.number(bytes[100..<108]),
            let sum = Self.number(bytes[148..<156]), sum == Self.sum(bytes)
        else { throw Self.damaged }
        self.size = size
        self.mode = mode
        let hasPrefix = bytes[257..<263].elementsEqual(Array("ustar\0".utf8))
        let prefix = hasPrefix ? Self.text(bytes[345..<500]) : ""
        let own = Self.text(bytes[0..<100]).flatMap { $0.isEmpty ? nil : $0 }
        name = own.flatMap { own in prefix.map { $0.isEmpty ? own : $0 + "/" + own } }
    }

    private static func text(_ field: ArraySlice<UInt8>) -> String? {
        String(validating: field.prefix { $0 != 0 }, as: UTF8.self)
    }

    /// Octal digits with blanks around them. Larger numbers, which GNU tar writes in another way, are none.
    private static func number(_ field: ArraySlice<UInt8>) -> Int? {
        let digits = field.drop { $0 == 0x20 }.prefix { $0 != 0 && $0 != 0x20 }
        return digits.isEmpty
            ? 0 : Int(String(decoding: digits, as: UTF8.self), radix: 8).flatMap { $0 >= 0 ? $0 : nil }
    }

    /// Of all bytes, with blanks in the place of the sum.
    private static func sum(_ bytes: [UInt8]) -> Int {
        bytes.enumerated().reduce(0) { $0 + ((148..<156).contains($1.offset) ? 0x20 : Int($1.element)) }
    }
}
