import HOCON
import Testing

/// Sizes and durations as EMQX reads them.
@Suite struct HOCONUnitTests {
    static let durations: [(String, Int64?)] = [
        ("\"100ms\"", 100), ("\"10s\"", 10_000), ("5m", 300_000), ("1h", 3_600_000),
        ("1d", 86_400_000),
        ("2W", 1_209_600_000), ("\"1h30m\"", 5_400_000), ("\"1.5s\"", 1_500), ("250", 250),
        ("0", 0),
        ("\"250\"", nil), ("10 s", nil), ("fast", nil), ("\"\"", nil), ("1.5", nil),
        ("\"-1s\"", nil),
        ("\"10s \"", nil), ("\"1y\"", nil), ("[1]", nil), ("\"1e999d\"", nil), ("infinity", nil),
        ("\"99999999999999999999d\"", nil), ("\"nanms\"", nil),
    ]

    @Test(arguments: durations) func durationIsRead(_ text: String, _ expected: Int64?) throws {
        let value = try HOCONValue(parsing: "x = 1\na.b = \(text)", file: "f")
        guard let expected else {
            let error = try #require(throws: HOCONError.self) { try value.duration(at: "a.b") }
            #expect(error.line == 2 && error.sentence.contains("`a.b`"), "\(error)")
            return
        }
        #expect(try value.duration(at: "a.b") == expected)
    }

    static let sizes: [(String, Int64?)] = [
        ("\"64MB\"", 64 << 20), ("64MB", 64 << 20), ("1kb", 1024), ("2GB", 2 << 30), ("\"7B\"", 7),
        ("67108864", 67_108_864), ("-1", -1), ("\"64 MB\"", nil), ("\"64MiB\"", nil), ("64Mb", nil),
        ("\"1.5MB\"", nil), ("\"64\"", nil), ("true", nil), ("\"9999999999GB\"", nil),
        ("{x = 1}", nil),
    ]

    @Test(arguments: sizes) func sizeIsRead(_ text: String, _ expected: Int64?) throws {
        let value = try HOCONValue(parsing: "x = 1\na.b = \(text)", file: "f")
        guard let expected else {
            let error = try #require(throws: HOCONError.self) { try value.bytes(at: "a.b") }
            #expect(error.line == 2 && error.sentence.contains("`a.b`"), "\(error)")
            return
        }
        #expect(try value.bytes(at: "a.b") == expected)
    }

    @Test func whatIsAbsentIsNil() throws {
        let value = try HOCONValue(parsing: "a = 1", file: "f")
        #expect(try value.bytes(at: "a.b") == nil)
        #expect(try value.duration(at: "b") == nil)
        #expect(try value.integer(at: "b") == nil)
        #expect(try value.string(at: "a") == "1")
        #expect(throws: HOCONError.self) { try value.bool(at: "a") }
    }
}
