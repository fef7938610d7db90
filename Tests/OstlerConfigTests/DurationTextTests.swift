import OstlerJSON
import Testing

@Suite struct DurationTextTests {
    @Test(
        arguments: [
            ("0s", 0), ("250ms", 250), ("30s", 30_000), ("5m", 300_000), ("1h30m", 5_400_000), ("1d", 86_400_000),
            ("1d2h3m4s5ms", 93_784_005), ("90m", 5_400_000), ("0001s", 1_000), ("1m1ms", 60_001),
            ("106751d", 9_223_286_400_000),
        ] as [(String, Int64)]
    )
    func `reads what people write`(text: String, milliseconds: Int64) throws {
        #expect(try DurationText.milliseconds(text) == milliseconds)
        #expect(try DurationText.duration(text) == .milliseconds(milliseconds))
    }

    @Test(arguments: [
        "", "s", "5", "-5s", "+5s", "1.5h", "5 s", " 5s", "5s ", "5S", "5min", "1m1h", "1s1s", "5s5", "5s5x", "1h-5m",
        "ms", "５s", "1e3s", "none",
    ])
    func `refuses the rest and says what is accepted`(text: String) {
        #expect {
            try DurationText.milliseconds(text)
        } throws: { error in
            let error = error as? UnitTextError
            return error?.code == .invalidDuration
                && error?.description
                    == "\(JSONValue.string(text).text) is not a duration; write it as 250ms, 30s, 5m, 1h30m or 1d"
        }
    }

    @Test(arguments: [
        "106752d", "9223372036854775807ms", "9223372036854775808ms", "99999999999999999999999d", "106751d24h",
    ])
    func `does not overflow`(text: String) {
        #expect {
            try DurationText.milliseconds(text)
        } throws: { error in
            (error as? UnitTextError)?.description
                == "the duration \"\(text)\" is too long; the longest is 106751d"
        }
    }

    @Test func `a bare number has the meaning that the caller gives it`() throws {
        #expect(try DurationText.milliseconds("30", bareNumber: .seconds) == 30_000)
        #expect(try DurationText.milliseconds("30", bareNumber: .milliseconds) == 30)
        #expect(try DurationText.milliseconds("30s", bareNumber: .milliseconds) == 30_000)
        #expect(throws: UnitTextError.self) { try DurationText.milliseconds("1s30", bareNumber: .seconds) }
        #expect(throws: UnitTextError.self) { try DurationText.milliseconds("30") }
    }

    @Test(
        arguments: [
            (0, "0s"), (1, "1ms"), (999, "999ms"), (1_000, "1s"), (1_500, "1s500ms"), (5_400_000, "1h30m"),
            (86_400_000, "1d"), (93_784_005, "1d2h3m4s5ms"), (-5, "0s"),
        ] as [(Int64, String)]
    )
    func `writes the shortest form`(milliseconds: Int64, text: String) {
        #expect(DurationText.text(milliseconds: milliseconds) == text)
    }

    @Test func `reads back what it writes`() throws {
        var value: Int64 = 1
        while value < DurationText.maximumMilliseconds {
            #expect(try DurationText.milliseconds(DurationText.text(milliseconds: value)) == value)
            value = value &* 7 / 3 &+ 1
        }
        let most = DurationText.maximumMilliseconds
        #expect(try DurationText.milliseconds(DurationText.text(milliseconds: most)) == most)
    }

    @Test func `a long text is cut in the message`() {
        #expect {
            try DurationText.milliseconds(String(repeating: "x", count: 10_000))
        } throws: { error in
            (error as? UnitTextError).map { $0.description.count < 150 } ?? false
        }
    }
}

@Suite struct SizeTextTests {
    @Test(
        arguments: [
            ("0", 0), ("0B", 0), ("512B", 512), ("64KiB", 65_536), ("1MiB", 1_048_576), ("1GiB", 1 << 30),
            ("2TiB", 2 << 40),
            ("1048576", 1_048_576), ("9223372036854775807", .max), ("8388607TiB", 8_388_607 << 40),
        ] as [(String, Int64)]
    )
    func `reads what people write`(text: String, bytes: Int64) throws {
        #expect(try SizeText.bytes(text) == bytes)
    }

    @Test(arguments: [
        "", "B", "-1", "1.5GiB", "1 GiB", "64MB", "1k", "1gib", "64Mib", "GiB1", "1GiB1",
    ])
    func `refuses the rest and says what is accepted`(text: String) {
        #expect {
            try SizeText.bytes(text)
        } throws: { error in
            let error = error as? UnitTextError
            let start = "\(JSONValue.string(text).text) is not a size; write it as \(SizeText.forms)"
            return error?.code == .invalidSize && error?.description.hasPrefix(start) == true
        }
    }

    @Test(arguments: ["9223372036854775808", "8388608TiB", "99999999999999999999999999KiB"])
    func `does not overflow`(text: String) {
        #expect {
            try SizeText.bytes(text)
        } throws: { error in
            (error as? UnitTextError)?.code == .tooLarge
        }
    }

    @Test(
        arguments: [
            (0, "0B"), (1, "1B"), (1023, "1023B"), (1024, "1KiB"), (1025, "1025B"), (64 << 20, "64MiB"),
            (1 << 30, "1GiB"),
            (.max, "9223372036854775807B"), (-1, "0B"),
        ] as [(Int64, String)]
    )
    func `writes the largest unit that divides`(bytes: Int64, text: String) throws {
        #expect(SizeText.text(bytes: bytes) == text)
        if bytes >= 0 { #expect(try SizeText.bytes(text) == bytes) }
    }

    @Test func `a unit in the wrong case is suggested`() {
        #expect {
            try SizeText.bytes("64mib")
        } throws: { error in
            (error as? UnitTextError)?.description
                == "\"64mib\" is not a size; write it as 512B, 64KiB, 1MiB, 1GiB or a number of bytes;"
                + " did you mean \"MiB\"?"
        }
    }
}
