internal import OstlerConfig
package import OstlerJSON
internal import OstlerSystem

/// What a host and its plugins said to each other in a run, as a file.
///
/// The file is JSON lines in UTF-8. The first line is the header, the last one the seal; between them stands what was
/// said, in the order in which the host sent or read it:
///
/// ```
/// {"ostler_recording":1,"ostler":"0.1.0","started":"…Z","plugins":[{"name":"hello","version":"0.1.0","manifest":"<sha-256>"}]}
/// {"session":1,"plugin":"hello","us":0}                                 a process of the plugin was started
/// {"session":1,"us":31020,"host":{"id":"…","method":"initialize",…}}    a message of the host
/// {"session":1,"us":31544,"said":{"id":"…","result":{…}}}               a message of the plugin
/// {"session":1,"us":31600,"noise":"starting\n"}                         a line of its stdout that was none
/// {"session":1,"us":40112,"ended":"exit code 0"}
/// {"lines":5,"sha256":"<of all bytes before this line>"}
/// ```
///
/// `us` counts microseconds from the start of the first process. The seal tells a file that was cut off or edited from a
/// whole one; it is no signature.
package struct Recording: Sendable {
    /// The version of the format that this build writes and reads.
    package static let version: Int64 = 1
    /// So long a file may be.
    package static let maximumBytes = 256 << 20

    /// A plugin that was recorded.
    package struct Plugin: Sendable, Equatable {
        package let name: String
        package let version: String
        /// The SHA-256 of its manifest, in hexadecimal.
        package let manifest: String
    }

    /// What happened in a session.
    package enum Event: Sendable {
        case host(JSONValue)
        case said(JSONValue)
        case noise(String)
        case ended(String)
    }

    package struct Entry: Sendable {
        /// The line of the file, from 1.
        package let line: Int
        package let microseconds: Int64
        package let event: Event
    }

    /// One process of a plugin.
    package struct Session: Sendable {
        package let number: Int64
        package let plugin: String
        package internal(set) var entries: [Entry] = []
    }

    package let ostler: String
    package let plugins: [Plugin]
    package private(set) var sessions: [Session] = []

    // MARK: Reading

    /// Why a file is no recording that can be used.
    package struct Fault: Error, Sendable, CustomStringConvertible {
        package enum Code: String, Sendable {
            case unreadable = "recording_unreadable"
            case notARecording = "not_a_recording"
            case otherVersion = "recording_version"
            case truncated = "recording_truncated"
            case edited = "recording_edited"
            case malformed = "recording_malformed"
        }

        package let code: Code
        package let description: String
    }

    /// Reads and checks a file.
    package static func read(_ path: String) throws(Fault) -> Recording {
        let bytes: [UInt8]
        do throws(SmallFile.Failure) {
            bytes = try SmallFile.read(path, limit: maximumBytes).bytes
        } catch {
            throw Fault(code: .unreadable, description: "\(path) \(error.message)")
        }
        do throws(Fault) {
            return try Recording(bytes)
        } catch {
            throw Fault(code: error.code, description: "\(path): \(error.description)")
        }
    }

    /// Takes the text of a file apart.
    package init(_ bytes: [UInt8]) throws(Fault) {
        let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        guard let first = lines.first, let header = try? JSONValue(parsing: Array(first)),
            let format = header["ostler_recording"]?.number?.exactInteger
        else { throw Fault(code: .notARecording, description: "the first line is no header of a recording") }
        guard format == Self.version else {
            let advice = "record it anew, or use the Ostler that wrote it"
            throw Fault(
                code: .otherVersion,
                description: "it has format \(format), this Ostler reads \(Self.version): \(advice)"
            )
        }
        try Self.checkSeal(bytes, lines)
        ostler = header["ostler"]?.string ?? ""
        plugins = (header["plugins"]?.array ?? []).map {
            Plugin(
                name: $0["name"]?.string ?? "",
                version: $0["version"]?.string ?? "",
                manifest: $0["manifest"]?.string ?? ""
            )
        }
        for (index, line) in lines.enumerated().dropFirst().dropLast(2) { try take(line, number: index + 1) }
    }

    /// The last line tells how many there are, and their digest.
    private static func checkSeal(_ bytes: [UInt8], _ lines: [ArraySlice<UInt8>]) throws(Fault) {
        guard lines.count >= 3, lines.last?.isEmpty == true,
            let seal = try? JSONValue(parsing: Array(lines[lines.count - 2])), let digest = seal["sha256"]?.string
        else {
            throw Fault(
                code: .truncated,
                description: "it was cut off after \(lines.count - 1) lines: the last one is missing"
            )
        }
        guard digest == Self.digest(bytes[..<lines[lines.count - 2].startIndex]) else {
            throw Fault(
                code: .edited,
                description: "it is not as it was written: the digest in its last line is another"
            )
        }
    }

    static func digest(_ bytes: ArraySlice<UInt8>) -> String {
        var digest = SHA256()
        bytes.withUnsafeBytes { digest.update($0) }
        return digest.finish()
    }

    private mutating func take(_ line: ArraySlice<UInt8>, number: Int) throws(Fault) {
        guard let value = try? JSONValue(parsing: Array(line)), let session = value["session"]?.number?.exactInteger,
            let time = value["us"]?.number?.exactInteger
        else { throw Fault(code: .malformed, description: "line \(number) is no line of a recording") }
        if let plugin = value["plugin"]?.string {
            return sessions.append(Session(number: session, plugin: plugin))
        }
        guard let index = sessions.firstIndex(where: { $0.number == session }), let event = Event(value) else {
            throw Fault(code: .malformed, description: "line \(number) belongs to no session, or says nothing")
        }
        sessions[index].entries.append(Entry(line: number, microseconds: time, event: event))
    }
}

extension Recording.Event {
    fileprivate init?(_ line: JSONValue) {
        if let message = line["host"] {
            self = .host(message)
        } else if let message = line["said"] {
            self = .said(message)
        } else if let text = line["noise"]?.string {
            self = .noise(text)
        } else if let text = line["ended"]?.string {
            self = .ended(text)
        } else {
            return nil
        }
    }
}
