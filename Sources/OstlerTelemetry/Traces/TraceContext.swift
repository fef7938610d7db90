/// Where in a trace something stands, as W3C's Trace Context hands it on: the header `traceparent`.
package struct TraceContext: Sendable, Equatable {
    /// Never zero.
    package let trace: TraceID
    package let span: SpanID
    /// Whether whoever began the trace wants it recorded.
    package let isSampled: Bool

    package init(trace: TraceID, span: SpanID, isSampled: Bool) {
        (self.trace, self.span, self.isSampled) = (trace, span, isSampled)
    }

    /// Reads `00-<32 hex digits>-<16 hex digits>-<2 hex digits>`; nil for what W3C says must be ignored: another length,
    /// capitals, an id of zeros, version ff. Of a later version the part that is known is taken.
    package init?(traceparent text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 55, let version = Hex.value(bytes[0..<2]), version != 0xFF else { return nil }
        guard bytes.count == 55 || version > 0 && bytes[55] == UInt8(ascii: "-") else { return nil }
        guard [2, 35, 52].allSatisfy({ bytes[$0] == UInt8(ascii: "-") }) else { return nil }
        guard let trace = TraceID(hex: bytes[3..<35]), let span = SpanID(hex: bytes[36..<52]),
            let flags = Hex.value(bytes[53..<55])
        else { return nil }
        self.init(trace: trace, span: span, isSampled: flags & 1 != 0)
    }

    /// The header's value, of version 00.
    package var traceparent: String { "00-\(trace)-\(span)-\(isSampled ? "01" : "00")" }

    /// A span below this one.
    package func child(using generator: inout some RandomNumberGenerator) -> TraceContext {
        TraceContext(trace: trace, span: .random(using: &generator), isSampled: isSampled)
    }
}

/// Names a trace: 16 bytes, not all of them zero.
package struct TraceID: Sendable, Hashable, CustomStringConvertible {
    private let high: UInt64
    private let low: UInt64

    private init?(_ high: UInt64, _ low: UInt64) {
        guard high | low != 0 else { return nil }
        (self.high, self.low) = (high, low)
    }

    /// Reads 32 hexadecimal digits in lower case.
    init?(hex digits: ArraySlice<UInt8>) {
        guard digits.count == 32, let high = Hex.value(digits.prefix(16)), let low = Hex.value(digits.suffix(16)) else {
            return nil
        }
        self.init(high, low)
    }

    package init?(_ text: String) { self.init(hex: Array(text.utf8)[...]) }

    package static func random(using generator: inout some RandomNumberGenerator) -> TraceID {
        while true {
            if let id = TraceID(generator.next(), generator.next()) { return id }
        }
    }

    package var description: String { Hex.text(high) + Hex.text(low) }
}

/// Names a span of a trace: 8 bytes, not all of them zero.
package struct SpanID: Sendable, Hashable, CustomStringConvertible {
    private let value: UInt64

    private init?(_ value: UInt64) {
        guard value != 0 else { return nil }
        self.value = value
    }

    /// Reads 16 hexadecimal digits in lower case.
    init?(hex digits: ArraySlice<UInt8>) {
        guard digits.count == 16, let value = Hex.value(digits) else { return nil }
        self.init(value)
    }

    package init?(_ text: String) { self.init(hex: Array(text.utf8)[...]) }

    package static func random(using generator: inout some RandomNumberGenerator) -> SpanID {
        while true {
            if let id = SpanID(generator.next()) { return id }
        }
    }

    package var description: String { Hex.text(value) }
}

/// Hexadecimal digits in lower case.
private enum Hex {
    static func value(_ digits: ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt64(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt64(digit - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return value
    }

    static func text(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
