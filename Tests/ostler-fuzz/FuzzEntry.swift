internal import Glibc
internal import OstlerFuzzing

/// The format of this run: `OSTLER_FUZZ_TARGET`.
private let target: FuzzTarget = {
    let name = getenv("OSTLER_FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let target = FuzzTarget(rawValue: name) else {
        fatalError("OSTLER_FUZZ_TARGET is one of \(FuzzTarget.allCases.map(\.rawValue))")
    }
    return target
}()

/// What libFuzzer calls with each input; it takes the end of the process for a finding.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    do throws(BrokenPromise) {
        try target.check(UnsafeBufferPointer(start: bytes, count: count))
    } catch {
        fatalError("broken promise: \(error)")
    }
    return 0
}
