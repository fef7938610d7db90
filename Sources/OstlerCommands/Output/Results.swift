internal import Glibc
internal import OstlerJSON
internal import OstlerTasks

/// Results of commands: on stdout, and nothing else is.
enum Results {
    /// Writes text that ends with a line's end; a full disk is told, a reader that went away is not.
    static func write(_ text: String) throws {
        guard let problem = Terminal.write(text, to: 1), problem != EPIPE else { return }
        Log.error("stdout: \(String(cString: strerror(problem)))", code: "output_failed")
        throw Exit(.infra)
    }

    /// Writes bytes as they are.
    /// - Parameter output: 1 or 2.
    static func write(bytes: [UInt8], to output: Int32) throws {
        guard let problem = bytes.withUnsafeBufferPointer({ Terminal.write(bytes: $0, to: output) }) else { return }
        guard problem != EPIPE else { throw Exit(.succeeded) }
        Log.error("\(output == 1 ? "stdout" : "stderr"): \(String(cString: strerror(problem)))", code: "output_failed")
        throw Exit(.infra)
    }

    /// Writes a document on a line of its own.
    static func write(json: JSONValue) throws { try write(json.text + "\n") }

    /// Writes a document on a line of its own.
    static func write(_ writer: consuming JSONWriter) throws {
        writer.newline()
        try write(String(decoding: writer.bytes, as: UTF8.self))
    }
}
