internal import OstlerFuzzing
internal import OstlerTestSupport
internal import Testing

/// What the fuzzer starts from, and what it has found, holds without it.
@Suite
struct FuzzCorpusTests {
    @Test(arguments: FuzzTarget.real)
    func `every input that is kept keeps its promises`(target: FuzzTarget) throws {
        let directory = Surroundings.packageRoot() + "/Tests/Fixtures/fuzz/" + target.rawValue
        let names = namesOfDirectory(directory)
        try #require(names.count >= 5, "there are few seeds in \(directory)")
        for name in names {
            let bytes = try contents(ofFile: directory + "/" + name)
            for length in Set([bytes.count, bytes.count / 2, max(bytes.count - 1, 0)]) {
                do {
                    try bytes[..<length].withUnsafeBufferPointer { try target.check($0) }
                } catch {
                    Issue.record("\(target.rawValue)/\(name), its first \(length) bytes: \(error)")
                }
            }
        }
    }

    @Test(arguments: FuzzTarget.real, 0..<8 as Range<UInt64>)
    func `seeds with a few bytes changed keep their promises`(target: FuzzTarget, seed: UInt64) throws {
        let directory = Surroundings.packageRoot() + "/Tests/Fixtures/fuzz/" + target.rawValue
        var random = SeededGenerator(seed: seed)
        for name in namesOfDirectory(directory) {
            var bytes = try contents(ofFile: directory + "/" + name)
            guard !bytes.isEmpty, bytes.count < 1 << 14 else { continue }
            for _ in 0..<3 {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                do {
                    try bytes.withUnsafeBufferPointer { try target.check($0) }
                } catch {
                    Issue.record("\(target.rawValue)/\(name), seed \(seed): \(error)")
                }
            }
        }
    }

    @Test
    func `the planted fault is one`() {
        let fault = #"{"executor":"e","payload":1,"env_mode":"clean","timeout":"9s"}"#
        #expect(throws: BrokenPromise.self) {
            try Array(fault.utf8).withUnsafeBufferPointer { try FuzzTarget.planted.check($0) }
        }
    }
}
