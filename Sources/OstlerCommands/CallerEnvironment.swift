internal import Glibc

/// The variables of the caller, as they can be handed on: a text that is changed on the way is worse than none.
struct CallerEnvironment: Sendable {
    /// `KEY=value`, by their names.
    private(set) var variables: [String] = []
    /// The names of those that are not UTF-8, as far as they can be read.
    private(set) var unreadable: [String] = []

    /// - Parameter pairs: bytes of `KEY=value`; of several with one name the last holds, as for the rest of the program.
    init(_ pairs: [[UInt8]]) {
        var values: [String: String?] = [:]
        for pair in pairs {
            guard let equals = pair.firstIndex(of: UInt8(ascii: "=")) else { continue }
            values[String(decoding: pair[..<equals], as: UTF8.self)] = .some(String(validating: pair, as: UTF8.self))
        }
        for (name, pair) in values.sorted(by: { $0.key < $1.key }) {
            if let pair { variables.append(pair) } else { unreadable.append(name) }
        }
    }

    /// Those of this process.
    static let own: CallerEnvironment = {
        var pairs: [[UInt8]] = []
        var entry: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = environ
        while let text = entry?.pointee {
            pairs.append(UnsafeBufferPointer(start: text, count: strlen(text)).map { UInt8(bitPattern: $0) })
            entry = entry?.advanced(by: 1)
        }
        return CallerEnvironment(pairs)
    }()
}
