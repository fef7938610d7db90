internal import Glibc
internal import OstlerJSON
internal import OstlerProtocol

/// A shared object in this process. It is never unloaded: what it left running would run on in nothing.
struct LoadedLibrary {
    let name: String
    private let handle: UnsafeMutableRawPointer

    /// Loads it with all of its symbols resolved, so that what is missing is told now and not by a crash.
    init(_ name: String) throws(Failure) {
        guard let handle = dlopen(name, RTLD_NOW | RTLD_LOCAL) else {
            throw Failure(
                "library_not_loaded",
                fault: .executor,
                message: "the library \(Quotation.text(name)) cannot be loaded: \(Self.reason)",
                hint: "the loader sees the sandbox: /usr of this machine, and the plugin's directory as /plugin"
            )
        }
        self.name = name
        self.handle = handle
    }

    /// The address of a function.
    func symbol(_ symbol: String) throws(Failure) -> UnsafeMutableRawPointer {
        guard let address = dlsym(handle, symbol) else {
            throw Failure(
                "symbol_missing",
                fault: .executor,
                message: "the library \(Quotation.text(name)) has no symbol \(Quotation.text(symbol))",
                hint: "`nm -D` lists what a library offers"
            )
        }
        return address
    }

    /// The loader's last complaint. It must be asked at once: any later call of the loader replaces it.
    private static var reason: String { dlerror().map { String(cString: $0) } ?? "no reason is given" }
}
