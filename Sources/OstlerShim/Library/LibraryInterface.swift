internal import COstlerExecutor
internal import Glibc
internal import OstlerJSON
internal import OstlerProtocol

/// What a library of the kind `library` offers, after a look at its version and size.
///
/// Sendable: it is read only, and which of its functions is called on which thread is part of the interface.
struct LibraryInterface: @unchecked Sendable {
    private let executor: ostler_executor
    private(set) var state: UnsafeMutableRawPointer?

    private typealias Entry = @convention(c) (UInt32) -> UnsafePointer<ostler_executor>?

    /// Loads it, agrees on a version and opens it.
    init(_ name: String, config: JSONValue) throws(Failure) {
        let library = try LoadedLibrary(name)
        let entry = unsafeBitCast(try library.symbol("ostler_executor"), to: Entry.self)
        guard let offered = entry(UInt32(OSTLER_EXECUTOR_ABI)) else {
            throw Self.refusal(name, "it does not work with version \(OSTLER_EXECUTOR_ABI), which this host speaks")
        }
        // Two members are in every version; nothing else is looked at before they are known.
        guard offered.pointee.abi == UInt32(OSTLER_EXECUTOR_ABI) else {
            let versions = "it is of version \(offered.pointee.abi), and this host speaks \(OSTLER_EXECUTOR_ABI)"
            throw Self.refusal(name, versions)
        }
        let whole = MemoryLayout<ostler_executor>.size
        let least = MemoryLayout<ostler_executor>.offset(of: \.cancel) ?? whole
        guard offered.pointee.size >= least else {
            throw Self.refusal(name, "its structure has \(offered.pointee.size) bytes, which hold no `execute`")
        }
        var executor = ostler_executor()
        withUnsafeMutableBytes(of: &executor) { bytes in
            bytes.copyMemory(from: UnsafeRawBufferPointer(start: offered, count: min(offered.pointee.size, whole)))
        }
        guard executor.execute != nil else { throw Self.refusal(name, "`execute` is NULL") }
        self.executor = executor
        try open(name, config)
    }

    private static func refusal(_ name: String, _ reason: String) -> Failure {
        Failure(
            "abi_version",
            fault: .executor,
            message: "the library \(Quotation.text(name)) has another version of ostler_executor.h: \(reason)",
            hint: "compile it with the header of this release of Ostler"
        )
    }

    private mutating func open(_ name: String, _ config: JSONValue) throws(Failure) {
        guard let open = executor.open else { return }
        let text = config.text
        var error = [CChar](repeating: 0, count: 1024)
        var state: UnsafeMutableRawPointer?
        let status = text.withCString { open($0, text.utf8.count, &state, &error, error.count) }
        guard status == 0 else {
            throw Failure(
                "open_failed",
                fault: .executor,
                message: "the library \(Quotation.text(name)) cannot be opened (\(status)): \(Self.text(error))"
            )
        }
        self.state = state
    }

    /// Text that a library has written, whatever it did to the end of it.
    private static func text(_ buffer: [CChar]) -> String {
        String(decoding: buffer.dropLast().prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    // MARK: Calls

    func execute(_ task: UnsafePointer<ostler_task>) -> Int32 {
        executor.execute?(state, task) ?? -1
    }

    func cancel(_ task: String) {
        executor.cancel?(state, task)
    }

    func health() -> HealthResult {
        guard let health = executor.health else { return HealthResult(status: .healthy) }
        var detail = [CChar](repeating: 0, count: 1024)
        let status = health(state, &detail, detail.count)
        let text = Self.text(detail)
        return HealthResult(
            status: status == 0 ? .healthy : status == 1 ? .degraded : .unhealthy,
            detail: text.isEmpty ? nil : text
        )
    }

    func close() {
        executor.close?(state)
    }
}
